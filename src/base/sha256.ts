/**
 * SHA-256 (FIPS 180-4 §6.2) for names of files and for a token of AWS IAM. Node's own takes five milliseconds to load, a
 * fifth of an empty process, and kubectl starts one at each call. Not for passwords, and not for what has to be fast over
 * megabytes.
 */
export const sha256 = (data: string | Uint8Array): Buffer => {
  const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const whole = Buffer.alloc(length);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  whole.writeBigUInt64BE(BigInt(bytes.length) * 8n, length - 8);
  const state = Int32Array.from(INITIAL);
  for (let at = 0; at < length; at += 64) block(whole, at, state);
  const digest = Buffer.alloc(32);
  for (let index = 0; index < 8; index++) digest.writeInt32BE(state[index] ?? 0, index * 4);
  return digest;
};

const BLOCK = 64;

/** HMAC with SHA-256 (RFC 2104 §2). */
export const hmacSha256 = (key: Uint8Array, text: string): Buffer => {
  const short = key.length > BLOCK ? sha256(key) : key;
  const padded = (by: number): Buffer => {
    const pad = Buffer.alloc(BLOCK, by);
    for (const [index, byte] of short.entries()) pad[index] = byte ^ by;
    return pad;
  };
  const inner = sha256(Buffer.concat([padded(0x36), Buffer.from(text, "utf8")]));
  return sha256(Buffer.concat([padded(0x5c), inner]));
};

const WORDS = new Int32Array(64);

/** Plain, for a process that ends before anything of it is compiled. */
const block = (whole: Buffer, at: number, state: Int32Array): void => {
  const w = WORDS;
  for (let i = 0; i < 16; i++) w[i] = whole.readInt32BE(at + i * 4);
  for (let i = 16; i < 64; i++) {
    const low = w[i - 15] as number;
    const high = w[i - 2] as number;
    const s0 = ((low >>> 7) | (low << 25)) ^ ((low >>> 18) | (low << 14)) ^ (low >>> 3);
    const s1 = ((high >>> 17) | (high << 15)) ^ ((high >>> 19) | (high << 13)) ^ (high >>> 10);
    w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + s1 + ((e & f) ^ (~e & g)) + (ROUND[i] as number) + (w[i] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const sums = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = (state[i] as number) + (sums[i] as number);
};

/** FIPS 180-4 §5.3.3: of the square roots of the first eight primes. */
const INITIAL: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/** FIPS 180-4 §4.2.2: of the cube roots of the first sixty-four primes. */
const ROUND: readonly number[] = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
];
