import { readFile } from "node:fs/promises";

/** A secret that could not be had. The text is fixed: a path may be the secret, put in the wrong place. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/**
 * A secret that is read when it is used, so that a file that was changed counts from the next use
 * on. Printing it, or a configuration that holds it, shows nothing.
 */
export class Secret {
  /** The name under which it was said: `WARREN_TOKEN_FILE`. */
  readonly said: string;
  readonly #read: () => Promise<string>;

  private constructor(said: string, read: () => Promise<string>) {
    this.said = said;
    this.#read = read;
  }

  static text(said: string, text: string): Secret {
    return new Secret(said, () => Promise.resolve(text));
  }

  static file(said: string, path: string): Secret {
    return new Secret(said, async () => {
      const text = (await readFile(path, "utf8").catch((error) => refuse(said, error))).trim();
      if (text === "") throw new SecretError(`${said}: the file is empty`);
      return text;
    });
  }

  /** The secret as it is now, without surrounding white space. Rejects with a SecretError. */
  read(): Promise<string> {
    return this.#read();
  }

  toJSON(): string {
    return `[secret from ${this.said}]`;
  }
  toString(): string {
    return this.toJSON();
  }
}

function refuse(said: string, error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code;
  const why =
    code === "ENOENT"
      ? "there is no such file"
      : code === "EACCES"
        ? "the file may not be read"
        : "the file cannot be read";
  throw new SecretError(`${said}: ${why}`);
}
