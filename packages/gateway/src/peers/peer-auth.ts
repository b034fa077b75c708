import { readFile } from "node:fs/promises";
import { jwtVerify, SignJWT } from "jose";
import { WireError } from "@warren/wire";

/** A credential is used within the handshake that follows; clocks may differ a little. */
const LIFE = "60s";
const SHORTEST_KEY_BYTES = 32;
const AUDIENCE = "warren-peer";

/**
 * How gateways prove themselves to each other by a shared key: a short-lived token signed with it
 * (HS256) instead of the key itself. The file is read at each use, so that the key can be changed.
 */
export class PeerKey {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Throws when the file cannot be read or holds less than 32 bytes; the text names the file. */
  async check(): Promise<void> {
    await this.#key();
  }

  async bearer(gatewayId: string): Promise<string> {
    return new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(gatewayId)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(LIFE)
      .sign(await this.#key());
  }

  /** The gateway that signed, or `unauthorized`. */
  async verify(bearer: string): Promise<string | WireError> {
    try {
      const { payload } = await jwtVerify(bearer, await this.#key(), {
        algorithms: ["HS256"],
        audience: AUDIENCE,
        clockTolerance: 60,
      });
      return payload.sub ?? "";
    } catch (reason) {
      return new WireError("unauthorized", "not a credential of a gateway of this fleet", {
        cause: reason,
      });
    }
  }

  async #key(): Promise<Uint8Array> {
    const text = (await readFile(this.#file, "utf8")).trim();
    if (Buffer.byteLength(text) < SHORTEST_KEY_BYTES)
      throw new Error(`${this.#file} must hold a key of at least ${SHORTEST_KEY_BYTES} bytes`);
    return Buffer.from(text);
  }
}
