// What a user writes, checked against the packed package's types.
import { Client, init } from 'rejoin'

export async function show(): Promise<string> {
  await init()
  const client = new Client({ url: 'ws://127.0.0.1:8080/sync' })
  const doc = await client.open('notes', { create: '' })
  const text = doc.text()
  text.insert(0, 'Hello')
  await doc.saved()
  await client.close()
  return text.toString()
}
