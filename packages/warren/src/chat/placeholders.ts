import { isPlaceholder, type ChatOptions } from "@warren/chat";
import type { SecretsOf } from "@warren/host";

/** What is told with all else that is wrong with it. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  "jwtSecret",
  "encryptionKey",
  "encryptionKeyPrevious",
]);

/** Secrets that were left as their template had them, by the names that were typed. None of them is repeated. */
export async function placeholders(secrets: SecretsOf<ChatOptions>): Promise<string[]> {
  const told = Object.entries(secrets).map(async ([key, secret]) => {
    if (secret === undefined || TOLD_ELSEWHERE.has(key)) return [];
    if (!isPlaceholder(await secret.read())) return [];
    return [`${secret.said}: still the template's placeholder`];
  });
  return (await Promise.all(told)).flat();
}
