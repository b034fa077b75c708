import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { openAccess, NO_CREDENTIALS, type KubeAccess } from "../kube/access.ts";
import { freePort } from "./free-port.ts";

/** A kube-apiserver of the test's own, with its etcd: nothing runs in it, but what it takes, clusters take. */
export interface PrivateKubeApiserver extends AsyncDisposable {
  readonly url: string;
  /** Who may do everything. */
  readonly admin: KubeAccess;
  readonly adminToken: string;
  /** Who may do nothing: the service account default/tester. */
  readonly tester: KubeAccess;
}

export interface KubePrograms {
  apiserver: string;
  etcd: string;
}

const ADMIN_TOKEN = "admin-token";
const TESTER_TOKEN = "tester-token";
const TOKENS = `${ADMIN_TOKEN},admin,admin,"system:masters"
${TESTER_TOKEN},system:serviceaccount:default:tester,tester
`;
const START_MS = 60_000;

/** Starts both; takes some seconds. */
export async function privateKubeApiserver(programs: KubePrograms): Promise<PrivateKubeApiserver> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(mkdtempDisposableSync(join(tmpdir(), "warren-kube-")));
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const etcd = `http://127.0.0.1:${client}`;
  opened.defer(run(programs.etcd, etcdFlags(folder.path, etcd, `http://127.0.0.1:${peer}`)));
  opened.defer(run(programs.apiserver, apiserverFlags(folder.path, etcd, port)));
  const url = `https://127.0.0.1:${port}`;
  await ready(url);
  const owned = opened.move();
  return {
    url,
    adminToken: ADMIN_TOKEN,
    admin: accessOf(url, ADMIN_TOKEN),
    tester: accessOf(url, TESTER_TOKEN),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Its certificate is one that it made for itself. */
function accessOf(url: string, token: string): KubeAccess {
  const credentials = { ...NO_CREDENTIALS, token, verify: false };
  return { ...openAccess(url), credentials: () => Promise.resolve(credentials) };
}

function etcdFlags(folder: string, client: string, peer: string): string[] {
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    "--unsafe-no-fsync",
    "--log-level=error",
  ];
}

function apiserverFlags(folder: string, etcd: string, port: number): string[] {
  const key = join(folder, "account.pem");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  writeFileSync(key, privateKey.export({ type: "pkcs1", format: "pem" }));
  const tokens = join(folder, "tokens.csv");
  writeFileSync(tokens, TOKENS);
  return [
    `--etcd-servers=${etcd}`,
    "--service-account-issuer=https://kubernetes.test",
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    `--cert-dir=${join(folder, "certificates")}`,
    `--token-auth-file=${tokens}`,
    "--authorization-mode=RBAC",
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    // Nobody makes the service account that it would ask for in each namespace.
    "--disable-admission-plugins=ServiceAccount",
  ];
}

/** Runs a program until it is told to end. */
function run(program: string, flags: readonly string[]): () => Promise<void> {
  const child: ChildProcess = spawn(program, flags, { stdio: "ignore" });
  // A program that is not there is found by whoever waits for its server.
  child.on("error", () => {});
  return async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
}

async function ready(url: string): Promise<void> {
  const until = Date.now() + START_MS;
  while ((await statusOf(`${url}/readyz`)) !== 200) {
    if (Date.now() > until) throw new Error(`${url} is not ready after ${START_MS} ms`);
    await later(250);
  }
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const asked = request(url, { headers, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}
