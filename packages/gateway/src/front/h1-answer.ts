import { STATUS_CODES } from "node:http";
import { latin1Source, latin1Text } from "@warren/host";
import {
  chunkHeader,
  endToEndLines,
  lastChunk,
  parseResponseHead,
  parseTrailers,
  Refusal,
  responseHeadText,
  type ResponseHead,
} from "@warren/http";
import type { ErrorAnswer } from "../answers/error-answer.ts";
import { answerLines } from "./answer-fields.ts";
import type { Exchange } from "./exchange.ts";

/** What an answer says in Connection. */
export type ConnectionWord = "" | "close" | "keep-alive";

/** A service's answer on its way to an HTTP/1.1 client: its head written anew, its body reframed. */
export class H1Answer {
  readonly status: number;
  /** 101: what the connection changes to. */
  readonly upgrade: string;
  readonly chunked: boolean;
  /** HTTP/1.0 knows no chunks: there a body of unknown length ends with the connection. */
  readonly untilClose: boolean;
  readonly #head: ResponseHead;
  readonly #exchange: Exchange;
  #left: number;
  #trailers: readonly string[] | undefined;

  private constructor(head: ResponseHead, exchange: Exchange) {
    const unknown = head.framing === "chunked" || head.framing === "until-close";
    this.status = head.status;
    this.upgrade = head.upgrade;
    this.chunked = unknown && exchange.head.minor === 1;
    this.untilClose = unknown && exchange.head.minor === 0;
    this.#head = head;
    this.#exchange = exchange;
    this.#left = head.framing === "length" ? head.contentLength : 0;
  }

  /** Reads a head block as it came over the tunnel, as strictly as any other. */
  static read(block: Uint8Array, exchange: Exchange): H1Answer | Refusal {
    const head = parseResponseHead(latin1Source(block), exchange.head);
    return head instanceof Refusal ? head : new H1Answer(head, exchange);
  }

  headText(connection: ConnectionWord, hstsSeconds: number): string {
    const { status, reason, framing } = this.#head;
    const known = !this.chunked && !this.untilClose && status !== 204;
    const shape = {
      status,
      reason,
      framing: this.chunked ? ("chunked" as const) : framing === "length" ? framing : "none",
      contentLength: known ? this.#head.contentLength : -1,
      upgrade: "",
    } as const;
    // Until the close there is no place for trailers, so none are announced.
    const without = this.untilClose ? "trailer" : "";
    const lines = answerLines(this.#head, this.#exchange, { hstsSeconds, without });
    return responseHeadText(shape, lines, connection);
  }

  informationalText(): string {
    const { status, reason } = this.#head;
    const shape = { status, reason, framing: "none", contentLength: -1, upgrade: "" } as const;
    return responseHeadText(shape, endToEndLines(this.#head));
  }

  switchText(): string {
    const { status, reason, upgrade } = this.#head;
    const shape = { status, reason, framing: "none", contentLength: -1, upgrade } as const;
    return responseHeadText(
      shape,
      answerLines(this.#head, this.#exchange, { hstsSeconds: 0, without: "" }),
    );
  }

  /** Takes note of a piece; false when there is more of the body than was announced. */
  take(bytes: number): boolean {
    if (this.chunked || this.untilClose) return true;
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** All that was announced has come. */
  get complete(): boolean {
    return this.#left === 0;
  }

  /** What goes before a piece when `chunked`; CR LF goes behind it. */
  before(bytes: number): string {
    return chunkHeader(bytes);
  }

  /** The last chunk with the trailers. */
  get end(): string {
    return lastChunk(this.#trailers ?? []);
  }

  readTrailers(block: Uint8Array): Refusal | undefined {
    const trailers = parseTrailers(latin1Text(block));
    if (trailers instanceof Refusal) return trailers;
    this.#trailers = trailers;
    return undefined;
  }
}

/** The head of an answer of the gateway's own; content-length is among its fields. */
export function ownHeadText(answer: ErrorAnswer, connection: ConnectionWord): string {
  const { status, fields } = answer;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]!}: ${fields[i + 1]!}\r\n`;
  text += `date: ${new Date().toUTCString()}\r\n`;
  return connection === "" ? `${text}\r\n` : `${text}connection: ${connection}\r\n\r\n`;
}
