import { fileURLToPath } from "node:url";

/** Where a document is kept for people who have no service at hand. */
export function documentFile(name: string): string {
  return fileURLToPath(new URL(`../../../docs/${name}.json`, import.meta.url));
}

export function documentText(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
