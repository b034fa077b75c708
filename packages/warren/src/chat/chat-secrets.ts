import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, randomId, replaceFile, type ConfigOf, type SecretsOf } from "@warren/host";
import type { ChatOptions } from "@warren/chat";
import { dataFolder } from "../data/data-folder.ts";

export interface ChatSecrets {
  /** Signs users' tokens; "" where an issuer does. */
  readonly jwtSecret: string;
  /** Master keys as they are now, and again whenever they are asked for. */
  readonly keys: () => Promise<{ current: string; former: string }>;
}

type Said = Pick<SecretsOf<ChatOptions>, "jwtSecret" | "encryptionKey" | "encryptionKeyPrevious">;

/**
 * What signs and what seals: as it was said, else, for trying out, made once and kept in the data folder for
 * its owner alone. Without either it is "", which the chat refuses with what to set.
 */
export async function chatSecrets(
  config: Pick<ConfigOf<ChatOptions>, "dev" | "jwtJwksUrl"> & { data: string },
  said: Said,
): Promise<ChatSecrets> {
  const folder = dataFolder(config.data);
  const kept = (file: string, make: () => string) => (config.dev ? keep(file, make) : "");
  const isOwn = said.jwtSecret === undefined && config.jwtJwksUrl === undefined;
  const jwtSecret = isOwn
    ? await kept(folder.chatSecret, () => randomId(48))
    : ((await said.jwtSecret?.read()) ?? "");
  const { encryptionKey, encryptionKeyPrevious } = said;
  const made =
    encryptionKey === undefined
      ? await kept(folder.chatKey, () => randomBytes(32).toString("base64"))
      : "";
  return {
    jwtSecret,
    keys: async () => ({
      current: encryptionKey === undefined ? made : await encryptionKey.read(),
      former: (await encryptionKeyPrevious?.read()) ?? "",
    }),
  };
}

/** A text that was made once; two that start at once agree on one. */
async function keep(file: string, make: () => string): Promise<string> {
  const known = await readKept(file);
  if (known !== undefined) return known;
  makeFolder(dirname(file), 0o700);
  await replaceFile(file, `${make()}\n`);
  return (await readKept(file)) ?? "";
}

/** What `--dev` made in a data folder; undefined: nothing. */
export async function chatSecretIn(data: string): Promise<string | undefined> {
  const kept = await readKept(dataFolder(data).chatSecret);
  return kept === "" ? undefined : kept;
}

async function readKept(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
