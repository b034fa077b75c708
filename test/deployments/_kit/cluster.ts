/** An API server for tests, and what a person would run against it: the real kubectl, and our scripts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  kubePrograms,
  privateKubeApiserver,
  startKubeApi,
  type KubeApi,
} from "@warren/host/testing";
import { ROOT } from "../../_rooms.ts";
import { asKubectlWants } from "./as-kubectl-wants.ts";
import { BRIEF } from "./brief.ts";

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** What is run against a server, as a person would. */
export interface Commands {
  /** From the root of the repository unless told; what is given goes to its standard input. */
  run(
    command: string,
    words: readonly string[],
    how?: { input?: string; env?: Record<string, string>; cwd?: string },
  ): Promise<Ran>;
  /** Throws where it does not end with 0. */
  kubectl(...words: string[]): Promise<string>;
}

export interface Cluster extends Commands, AsyncDisposable {
  readonly api: KubeApi;
  /** A folder of its own, that goes with it. */
  readonly folder: string;
}

export async function openCluster(): Promise<Cluster> {
  await using opened = new AsyncDisposableStack();
  const home = opened.use(mkdtempDisposableSync(join(tmpdir(), "warren-")));
  const api = opened.use(await startKubeApi());
  opened.defer(api.intercept(asKubectlWants(api)));
  const owned = opened.move();
  return {
    api,
    folder: home.path,
    ...commandsAt(home.path, { server: api.url }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Undefined where nobody has built them: for `describe.skipIf(programs === undefined)`. */
export const programs = kubePrograms();

/** The same commands, at a kube-apiserver that goes with `opened`: everything may be done there. */
export async function openKubeApiserver(opened: AsyncDisposableStack): Promise<Commands> {
  const home = opened.use(mkdtempDisposableSync(join(tmpdir(), "warren-")));
  const { url, adminToken } = opened.use(await privateKubeApiserver(programs!));
  const there = { server: url, "insecure-skip-tls-verify": true };
  return commandsAt(home.path, there, adminToken);
}

/** Commands with a home in a folder, whose kubectl asks a cluster as kubeconfig describes one. */
export function commandsAt(folder: string, cluster: object, token = "test"): Commands {
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, JSON.stringify(configOf(cluster, token)));
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, KUBECONFIG: kubeconfig, ...BRIEF };
  const run: Commands["run"] = async (
    command,
    words,
    { input = "", env: more = {}, cwd = ROOT } = {},
  ) => {
    const child = spawn(command, words, { cwd, env: { ...env, ...more } });
    child.stdin.on("error", () => {}); // Whoever does not read it is told by its exit code.
    child.stdin.end(input);
    const [out, err] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { code: child.exitCode, out, err };
  };
  const kubectl: Commands["kubectl"] = async (...words) => {
    const ran = await run("kubectl", words);
    if (ran.code !== 0)
      throw new Error(`kubectl ${words.join(" ")}: ${ran.code}\n${ran.out}${ran.err}`);
    return ran.out;
  };
  return { run, kubectl };
}

function configOf(cluster: object, token: string) {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "default" } }],
    "current-context": "test",
  };
}
