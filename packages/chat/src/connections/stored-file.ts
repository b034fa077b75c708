import { HERE } from "../files/file-links.ts";
import type { FrameFile } from "../files/frame-file.ts";
import type { StoredFile } from "../log/body.ts";

/** What a message keeps of the file of a frame. A file of ours gets its address whenever it is shown. */
export function storedFile(fileId: string, found: FrameFile): StoredFile {
  if (found.at === "elsewhere") return { fileId, url: found.url };
  const { name, type: contentType, bytes } = found.file;
  return { fileId, url: HERE, name, contentType, bytes };
}
