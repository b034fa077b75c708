/** Writes docs/asyncapi.json and docs/openapi.json: `node packages/chat/test/_write-documents.ts`. */
import { writeFileSync } from "node:fs";
import { documentsOf } from "../src/api/document-routes.ts";
import { documentFile, documentText } from "./_documents.ts";

for (const [name, document] of Object.entries(documentsOf("/chat"))) {
  writeFileSync(documentFile(name), documentText(document));
}
