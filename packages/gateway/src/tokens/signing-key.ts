import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFileError, makeFolder } from "@warren/host";
import { writeOnce } from "./write-once.ts";

/** What signs agent tokens. Only `token create` ever holds one. */
export interface SigningKey {
  /** Name of the public half: gateways find it as `<kid>.pem` in their keys folder. */
  kid: string;
  privateKey: KeyObject;
}

export interface SigningKeyFiles {
  /** PKCS #8 PEM, readable by its owner alone. */
  privateFile: string;
  /** Folder of the public halves, one `<kid>.pem` (SPKI) each. */
  publicFolder: string;
}

/** A key's id: the first 64 bits of the SHA-256 of its public half, in hex. */
export function keyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
}

/**
 * Reads the signing key, or mints one where there is none. Two processes that mint at the same time
 * end with the same key. A DamagedFileError when the file holds something else than an Ed25519 private key; the
 * text names the file, never its content.
 */
export async function openSigningKey(files: SigningKeyFiles): Promise<SigningKey> {
  return (await readSigningKey(files.privateFile)) ?? (await mint(files));
}

async function readSigningKey(file: string): Promise<SigningKey | undefined> {
  const pem = await readFile(file, "utf8").catch((reason: NodeJS.ErrnoException) => {
    if (reason.code === "ENOENT") return undefined;
    throw reason;
  });
  if (pem === undefined) return undefined;
  const privateKey = parse(pem);
  if (privateKey?.asymmetricKeyType !== "ed25519")
    throw new DamagedFileError(`${file} does not hold an Ed25519 private key in PEM`);
  return { kid: keyId(createPublicKey(privateKey)), privateKey };
}

function parse(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

async function mint({ privateFile, publicFolder }: SigningKeyFiles): Promise<SigningKey> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const kid = keyId(publicKey);
  const publicFile = join(publicFolder, `${kid}.pem`);
  makeFolder(publicFolder);
  // The public half first: a crash in between leaves a key that nothing is signed with, not tokens
  // that no gateway knows.
  await writeFile(`${publicFile}.new`, publicKey.export({ type: "spki", format: "pem" }));
  await rename(`${publicFile}.new`, publicFile);
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const won = await writeOnce(privateFile, pem);
  if (won) return { kid, privateKey };
  await rm(publicFile, { force: true });
  return openSigningKey({ privateFile, publicFolder });
}
