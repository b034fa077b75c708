import { createParser } from "eventsource-parser";
import { ProviderError } from "./provider-error.ts";

/** One event of a stream (HTML standard, "Server-sent events"). */
export interface StreamEvent {
  data: string;
  /** It ended with the stream and not with its blank line: it may be cut short. */
  unfinished: boolean;
}

/** One line, or the lines of one event (L-5). */
const MOST_BUFFERED_CHARS = 1_048_576;

/** The events in a body. Rejects as `chunks` does, and with `garbage` where one grows too long. */
export async function* eventStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const lines: string[] = [];
  let isTooLong = false;
  const parser = createParser({
    maxBufferSize: MOST_BUFFERED_CHARS,
    onEvent: ({ data }) => void lines.push(data),
    onError: ({ type }) => (isTooLong ||= type === "max-buffer-size-exceeded"),
  });
  const feed = (text: string) => {
    parser.feed(text);
    if (isTooLong) throw new ProviderError("garbage", "an event is longer than 1 MiB");
    return lines.splice(0);
  };
  for await (const chunk of chunks) {
    for (const data of feed(decoder.decode(chunk, { stream: true }))) {
      yield { data, unfinished: false };
    }
  }
  // Some servers leave out the last blank line; the standard would drop what they said.
  for (const data of feed(`${decoder.decode()}\n\n`)) yield { data, unfinished: true };
}

/** The JSON of an event, which must be an object. */
export function jsonOf({ data, unfinished }: StreamEvent): object {
  const value = parsed(data);
  if (typeof value === "object" && value !== null) return value;
  if (unfinished) throw new ProviderError("broke_off", "the stream ended within an event");
  throw new ProviderError("garbage", "an event is no JSON object");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
