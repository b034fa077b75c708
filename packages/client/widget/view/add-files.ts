import { MOST_BYTES } from "../talk/uploads.ts";
import { filled } from "../texts.ts";
import { sizeOf } from "./names.ts";
import type { Ui } from "./ui.ts";

/** Files for the next message. Says which are too large. */
export function addFiles({ conversation, texts, locale }: Ui, files: Iterable<File>): void {
  for (const file of files) {
    if (file.size <= MOST_BYTES) conversation.uploads.add(file, "file");
    else {
      const size = sizeOf(MOST_BYTES, locale);
      conversation.say(filled(texts.tooLarge, { name: file.name, size }));
    }
  }
}
