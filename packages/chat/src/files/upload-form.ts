import { ChatError } from "@warren/wire";
import { formParts } from "./multipart.ts";
import type { FileKind } from "./ports.ts";

export interface UploadForm {
  name: string;
  kind: FileKind;
  body: AsyncIterable<Uint8Array>;
}

const MOST_FIELD_BYTES = 1_024;

/**
 * The file of an upload's form: the part `file`, after fields that say more (`kind`: `file` or
 * `voice`). What follows the file is not read. Rejects with a ChatError.
 */
export async function uploadForm(
  source: AsyncIterable<Uint8Array>,
  contentType: string | undefined,
): Promise<UploadForm> {
  const fields = new Map<string, string>();
  const parts = formParts(source, contentType);
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
    const { name, filename, body } = next.value;
    if (name === "file" && filename !== undefined) {
      return { name: filename, kind: kindOf(fields.get("kind")), body };
    }
    fields.set(name, await fieldText(body));
  }
  throw new ChatError("MISSING_FIELD", "the form has no file");
}

function kindOf(said: string | undefined): FileKind {
  if (said === undefined || said === "" || said === "file") return "file";
  if (said === "voice") return "voice";
  throw new ChatError("INVALID_FORMAT", "kind is file or voice");
}

async function fieldText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_FIELD_BYTES) throw new ChatError("INVALID_FORMAT", "a field is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
