/** Written into dist by scripts/build.mjs: the module of this build. */
export const wasmBase64: string
