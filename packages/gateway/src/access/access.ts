import { CidrList } from "@warren/host";
import { WireError, type Policy } from "@warren/wire";
import { BasicAuth, type BasicAuthOptions, type Visitor } from "./basic-auth.ts";

/** Who may come in at a route: its `allow` and `deny` networks and its `basic_auth` passwords, all that are given. */
export class Access {
  readonly #basic: BasicAuth;
  // By list object: a registry keeps a route's policy object for as long as the route stands.
  readonly #networks = new WeakMap<readonly string[], CidrList>();

  constructor(options: BasicAuthOptions) {
    this.#basic = new BasicAuth(options);
  }

  /**
   * Undefined when the visitor may come in; else `forbidden`, `unauthorized` (answer it with
   * `BASIC_CHALLENGE`), `rate_limited` or `overloaded`. A promise only while a password is checked for
   * the first time. Never rejects for what a client can say.
   */
  check(policy: Policy, visitor: Visitor): WireError | undefined | Promise<WireError | undefined> {
    const { allow, deny, basic_auth: lines } = policy;
    const { address } = visitor;
    const outside = allow.length > 0 && !this.#network(allow).has(address);
    if (outside || (deny !== undefined && this.#network(deny).has(address)))
      return new WireError("forbidden", "this address may not come in here");
    return lines.length === 0 ? undefined : this.#basic.check(lines, visitor);
  }

  #network(allow: readonly string[]): CidrList {
    let list = this.#networks.get(allow);
    if (list === undefined) this.#networks.set(allow, (list = new CidrList(allow)));
    return list;
  }
}
