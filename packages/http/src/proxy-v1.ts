import { isAll, readDecimal } from "./ascii.ts";
import { ipBytes, ipText } from "./ip.ts";
import type { Endpoint, ProxyHeader } from "./proxy-protocol.ts";
import { refused, type Refusal } from "./refusal.ts";

/** Longest line that the specification allows, CR LF included. */
const MAX_LINE_BYTES = 107;
const BAD_LINE = refused("PROXY protocol: malformed line");
const PREFIX = "PROXY ";
const VISIBLE = new Uint8Array(256).fill(1, 0x20, 0x7f);

/** Reads a version 1 line at the start of `bytes`. */
export function readProxyV1(bytes: Uint8Array): ProxyHeader | "more" | Refusal {
  const seen = Math.min(bytes.length, MAX_LINE_BYTES);
  let line = "";
  for (let i = 0; i < seen; i++) {
    if (bytes[i] === 0x0d) {
      if (i + 1 === seen) return seen === MAX_LINE_BYTES ? BAD_LINE : "more";
      return bytes[i + 1] === 0x0a ? readLine(line, i + 2) : BAD_LINE;
    }
    line += String.fromCharCode(bytes[i]!);
    if (i < PREFIX.length && line[i] !== PREFIX[i]) return BAD_LINE;
  }
  return seen === MAX_LINE_BYTES ? BAD_LINE : "more";
}

function readLine(line: string, bytes: number): ProxyHeader | Refusal {
  if (!isAll(VISIBLE, line)) return BAD_LINE;
  const words = line.split(" ");
  if (words[1] === "UNKNOWN") return { bytes, source: undefined, destination: undefined };
  const size = words[1] === "TCP4" ? 4 : words[1] === "TCP6" ? 16 : 0;
  if (size === 0 || words.length !== 6) return BAD_LINE;
  const source = readEndpoint(words[2]!, words[4]!, size);
  const destination = readEndpoint(words[3]!, words[5]!, size);
  if (source === undefined || destination === undefined) return BAD_LINE;
  return { bytes, source, destination };
}

function readEndpoint(address: string, portWord: string, size: number): Endpoint | undefined {
  const parsed = ipBytes(address);
  const port = readDecimal(portWord);
  const padded = portWord.length > 1 && portWord.startsWith("0");
  if (parsed?.length !== size || port < 0 || port > 65_535 || padded) return undefined;
  return { address: ipText(parsed), port };
}
