import { join, resolve } from "node:path";

/** Where everything that outlives a process is. */
export interface DataFolder {
  path: string;
  /** PKCS #8, owner alone: what `token create` signs with. */
  signingKey: string;
  /** Public halves, `<kid>.pem`: what a gateway believes. */
  keys: string;
  /** What the admin listener asks for beyond loopback. */
  adminToken: string;
  /** Which gateway runs here, for the commands beside it. */
  running: string;
  /** One gateway at a time. */
  gatewayLock: string;
  /** Agent slots: a lock and an identity each. */
  slots: string;
  /** What `warren up` made for its demo: who that cluster is, and its token. */
  demo: string;
  demoToken: string;
  /** Of `warren chat`: its databases, and what signs and seals where nothing else was said. */
  chat: string;
  chatSecret: string;
  chatKey: string;
  /** Mails and short messages, where no carrier is set. */
  outbox: string;
  /** Which chat runs here, for the commands beside it. */
  chatRunning: string;
}

export function dataFolder(path: string): DataFolder {
  const at = (...names: string[]) => join(resolve(path), ...names);
  return {
    path: resolve(path),
    signingKey: at("signing-key.pem"),
    keys: at("keys"),
    adminToken: at("admin.token"),
    running: at("running.json"),
    gatewayLock: at("gateway.lock"),
    slots: at("agents"),
    demo: at("demo.json"),
    demoToken: at("demo.token"),
    chat: at("chat"),
    chatSecret: at("chat-jwt.secret"),
    chatKey: at("chat-encryption.key"),
    outbox: at("outbox"),
    chatRunning: at("chat-running.json"),
  };
}
