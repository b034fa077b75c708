import { fileFields, timeOf } from "../api/session-desk.ts";
import { HERE, type FileLinks } from "../files/file-links.ts";
import { wallMsOf } from "../log/hybrid-time.ts";
import type { Spoken } from "../sessions/conversation.ts";

/**
 * A message as somebody sees it who has but a link: what was said and by which side, and of the people
 * nothing that the words do not say. A file of ours gets an address that ends with the share.
 */
export function sharedMessage(spoken: Spoken, links: FileLinks, scope: string) {
  const { said, messageId, hlc, text, file, isEdited, isDeleted } = spoken;
  const { answer, sender } = said;
  return {
    id: messageId,
    type: said.type,
    content: text,
    timestamp: timeOf(wallMsOf(hlc)),
    sender,
    ...(file && fileFields({ ...file, url: urlOf(spoken, links, scope) })),
    ...(answer && { model_id: answer.modelId, status: answer.status }),
    ...(isEdited && { edited: true }),
    ...(isDeleted && { deleted: true }),
  };
}

function urlOf({ said }: Spoken, links: FileLinks, scope: string): string {
  const { fileId: id, url, contentType: type = "" } = said.file!;
  return url === HERE ? links.url({ id, type }, scope) : url;
}
