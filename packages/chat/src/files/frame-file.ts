import { ChatError } from "@warren/wire";
import { foreignUrlProblem } from "./foreign-url.ts";
import { voiceType } from "./file-types.ts";
import type { FileKind, Files, StoredFile } from "./ports.ts";

/** What a `file_upload` or `voice_message` frame points to. */
export type FrameFile = { at: "here"; file: StoredFile } | { at: "elsewhere"; url: string };

export interface FrameFileOptions {
  /** Whether URLs that point elsewhere are taken, once they pass the rule of §2.6. */
  allowForeign: boolean;
}

/**
 * The file of a frame. One that we stored is found by its id, and must be the sender's own; the frame's
 * URL is then of no interest: whoever reads gets one that we sign. Anything else is a ChatError, which
 * does not tell another's file from none.
 */
export async function frameFile(
  frame: { type: FileKind; fileId: string; fileUrl: string; owner: string },
  files: Files,
  { allowForeign }: FrameFileOptions,
): Promise<FrameFile> {
  const file = await files.head(frame.fileId);
  if (file !== undefined && file.owner === frame.owner) {
    if (frame.type === "file") return { at: "here", file };
    // Old clients say only when they send it that a recording is a voice note.
    const type = voiceType(file.type);
    if (type === undefined) throw wrong("it is no sound");
    return { at: "here", file: { ...file, type } };
  }
  if (!allowForeign) throw new ChatError("NOT_FOUND", "no such file: upload it first");
  const problem = foreignUrlProblem(frame.fileUrl);
  if (problem !== undefined) throw wrong(`its URL is refused: ${problem}`);
  return { at: "elsewhere", url: frame.fileUrl };
}

function wrong(why: string): ChatError {
  return new ChatError("INVALID_FORMAT", `the file cannot be sent: ${why}`);
}
