import { once } from "node:events";
import * as http from "node:http";
import { constants } from "node:http2";
import * as https from "node:https";
import { Heard } from "./heard.ts";
import { session, tlsOf, type Entry, type FrontProtocol } from "./web-client.ts";

/** A POST whose parts a test sends and takes one by one, alike in every protocol. */
export interface SlowClient extends Disposable {
  write(text: string): void;
  end(): void;
  /** Goes away: closes its connection, or resets its stream. */
  cancel(): void;
  readonly status: Promise<number>;
  /** The answer's body. */
  readonly heard: Promise<Heard>;
}

export function slowClient(front: FrontProtocol, entry: Entry): SlowClient {
  return front.startsWith("h1")
    ? overHttp1(front === "h1", entry)
    : overHttp2(front === "h2c", entry);
}

function overHttp1(plain: boolean, entry: Entry): SlowClient {
  const options = {
    host: "127.0.0.1",
    method: "POST",
    headers: { host: entry.host },
    agent: false as const,
  };
  const request = plain
    ? http.request({ ...options, port: entry.port })
    : https.request({ ...options, port: entry.tlsPort, ...tlsOf(entry) });
  request.on("error", () => {});
  request.flushHeaders();
  const answer = Promise.withResolvers<http.IncomingMessage>();
  request.on("response", answer.resolve);
  return {
    write: (text) => void request.write(text),
    end: () => void request.end(),
    cancel: () => void request.destroy(),
    status: answer.promise.then(({ statusCode }) => statusCode!),
    heard: answer.promise.then((response) => new Heard(response)),
    [Symbol.dispose]: () => void request.destroy(),
  };
}

function overHttp2(plain: boolean, entry: Entry): SlowClient {
  const client = session(plain, entry);
  const request = client.request({ ":method": "POST", ":path": "/", ":authority": entry.host });
  const heard = new Heard(request);
  const status = once(request, "response").then(([fields]) => Number(fields[":status"]));
  status.catch(() => {});
  return {
    write: (text) => void request.write(text),
    end: () => void request.end(),
    cancel: () => request.close(constants.NGHTTP2_CANCEL),
    status,
    heard: status.then(() => heard),
    [Symbol.dispose]: () => client.destroy(),
  };
}
