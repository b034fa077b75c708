import { createRequire } from "node:module";
import type { Heard } from "./_heard.ts";

/** Node's own parser (llhttp), as node:http uses it: strict, no lenient flags. The oracle. */
interface NodeParser {
  initialize(type: number, resource: object, maxHeadBytes: number, lenient: number): void;
  execute(bytes: Uint8Array): number | Error;
  finish(): Error | undefined;
  free(): void;
  [callback: number]: unknown;
}
interface NodeParserClass {
  new (): NodeParser;
  REQUEST: number;
  RESPONSE: number;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnMessageComplete: number;
}
interface HeadersComplete {
  (
    major: number,
    minor: number,
    fields: string[] | undefined,
    method: number | undefined,
    url: string | undefined,
    status: number | undefined,
    reason: string | undefined,
    upgrade: boolean,
    keepAlive: boolean,
  ): number;
}
const { HTTPParser, methods } = createRequire(import.meta.url)("node:_http_common") as {
  HTTPParser: NodeParserClass;
  methods: string[];
};

/** llhttp counts RTSP's methods between those of HTTP/1.1 and QUERY; the list leaves them out. */
function methodName(number: number): string {
  return number === 46 ? "QUERY" : String(methods[number]);
}

export interface NodeHeard {
  messages: Heard[];
  /** llhttp's word for what it refused, and where. */
  refused: { code: string; at: number } | undefined;
}

/**
 * Gives `bytes` to the parser one at a time, so that it is known where each message ended. For
 * responses `methods` says what each final response answers; the connection then ends.
 */
export function nodeReads(bytes: Uint8Array, answered: readonly string[] | undefined): NodeHeard {
  const heard: NodeHeard = { messages: [], refused: undefined };
  const parser = new HTTPParser();
  const type = answered === undefined ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
  parser.initialize(type, {}, 1_000_000, 0);
  let early: string[] = [];
  let url = "";
  let finals = 0;
  let at = 0;
  const run = { stopped: false };
  const current = () => heard.messages.at(-1);
  parser[HTTPParser.kOnHeaders] = (fields: string[], part: string) => {
    const message = current();
    if (message !== undefined && message.end === undefined) {
      message.trailers = [...message.trailers, ...fields];
    } else {
      early = [...early, ...fields];
      url += part;
    }
  };
  const onHead: HeadersComplete = (
    _major,
    minor,
    fields,
    method,
    target,
    status,
    reason,
    upgrade,
    keepAlive,
  ) => {
    const line =
      status === undefined || answered === undefined
        ? `${methodName(method!)} ${target ?? url}`
        : `${status} ${reason}`;
    heard.messages.push({
      line,
      minor,
      fields: fields ?? early,
      body: "",
      trailers: [],
      keepAlive,
      upgrade,
      end: undefined,
    });
    early = [];
    url = "";
    // 0 also for an upgrade: a body before it is read (node:http without an upgrade listener).
    if (answered === undefined) return 0;
    if (status === 101) return 2;
    if (status! < 200) return 1;
    return answered[finals++] === "HEAD" ? 1 : 0;
  };
  parser[HTTPParser.kOnHeadersComplete] = onHead;
  parser[HTTPParser.kOnBody] = (piece: Uint8Array) => {
    current()!.body += Buffer.from(piece).toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    current()!.end = at;
    run.stopped ||= current()!.upgrade;
  };
  while (at < bytes.length && heard.refused === undefined && !run.stopped) {
    at += 1;
    refusedBy(parser.execute(bytes.subarray(at - 1, at)), heard, at);
  }
  if (answered !== undefined && heard.refused === undefined && !run.stopped) {
    refusedBy(parser.finish(), heard, at);
  }
  parser.free();
  return heard;
}

function refusedBy(result: number | Error | undefined, heard: NodeHeard, at: number): void {
  if (!(result instanceof Error)) return;
  heard.refused = { code: String((result as Error & { code?: string }).code), at };
}
