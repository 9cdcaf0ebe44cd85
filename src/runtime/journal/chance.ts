// All chance in a run, drawn from its seed by keys.

/**
 * A chance from [0, 1), always the same for a seed and a key. FNV-1a over the key, then a finaliser (murmur3's), so that
 * near keys give far values.
 */
export function chance(seed: number, key: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}
