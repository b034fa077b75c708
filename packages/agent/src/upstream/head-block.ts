import { latin1Bytes } from "@warren/host";
import { endToEndLines, responseHeadText, type ResponseHead } from "@warren/http";

/** The head as the tunnel carries it; a body of unknown length says `chunked`, as requests do. */
export function headBlock(head: ResponseHead): Buffer {
  const { status, framing } = head;
  const text = responseHeadText(
    {
      status,
      reason: head.reason,
      framing: framing === "until-close" ? "chunked" : framing,
      contentLength: status < 200 || status === 204 ? -1 : head.contentLength,
      upgrade: head.upgrade,
    },
    endToEndLines(head),
  );
  return latin1Bytes(text);
}
