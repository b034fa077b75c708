import { parsed, tooLarge } from "./answer.ts";
import { KubeError } from "./kube-error.ts";

/** etcd keeps objects of 1.5 MB at most, in a tighter form than JSON. */
const MOST_LINE_BYTES = 8 * 1_048_576;
const NEWLINE = 0x0a;

/**
 * The JSON values of a stream, one a line, as watches are framed (Kubernetes API concepts, "Efficient
 * detection of changes"). Lines are put together from bytes: no character of UTF-8 has a newline in it, so that
 * none is split. Throws a KubeError when a line has no end, is no JSON or is cut off.
 */
export async function* jsonLines(what: string, chunks: AsyncIterable<Buffer>): AsyncGenerator {
  let open: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...open, chunk.subarray(start, end)]).toString("utf8");
      open = [];
      bytes = 0;
      start = end + 1;
      if (line.trim() !== "") yield parsed(what, line);
    }
    if (start === chunk.length) continue;
    open.push(chunk.subarray(start));
    bytes += chunk.length - start;
    if (bytes > MOST_LINE_BYTES) throw tooLarge(what, MOST_LINE_BYTES);
  }
  if (bytes > 0) throw cutOff(what);
}

function cutOff(what: string): KubeError {
  return new KubeError(`${what}: the stream ended in the middle of an object`, {
    status: 200,
    reason: "Unreadable",
    retryAfterMs: undefined,
  });
}
