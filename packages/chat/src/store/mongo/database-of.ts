const DEFAULT = "chat";
/** MongoDB's own rule on Windows, the strictest; 5 are left for the keys' database. */
const NAME = /^[^/\\. "$*<>:|?\0]{1,58}$/;
const ADDRESS = /^mongodb(?:\+srv)?:\/\/[^/?]+(?:\/([^?]*))?(?:\?.*)?$/s;

/**
 * The database that an address names in its path, else `chat`; the driver's own default would be `test`.
 * Undefined where that is no address of MongoDB.
 */
export function databaseOf(uri: string): string | undefined {
  const found = ADDRESS.exec(uri);
  if (found === null) return undefined;
  const name = decoded(found[1] ?? "");
  if (name === "") return DEFAULT;
  return name !== undefined && NAME.test(name) ? name : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
