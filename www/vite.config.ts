import { defineConfig } from 'vite'

export default defineConfig({
  // The page also works from a folder, so nothing is addressed from the root.
  base: './',
  // During `npm run dev` the server runs beside Vite: `cargo run -p rejoin-server -- --memory`.
  server: { proxy: { '/sync': { target: 'ws://127.0.0.1:8080', ws: true } }, fs: { allow: ['..'] } },
  build: { target: 'es2022', modulePreload: { polyfill: false } },
})
