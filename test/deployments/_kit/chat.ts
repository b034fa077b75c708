/** A chat that is told what its manifests tell it. */
import {
  chatOptions,
  NO_BUCKET_KEYS,
  readChatConfig,
  startChat,
  type RunningChat,
} from "@warren/chat";
import { loadConfig, promMetrics, systemClock, type ConfigOf } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { commands } from "@warren/warren";
import { randomBytes } from "node:crypto";
import type { Manifest } from "./validate.ts";

/** Names of variables, and what they are set to; undefined: out of a Secret. */
export type Environment = ReadonlyMap<string, string | undefined>;

export interface Container {
  args: string[];
  env: {
    name: string;
    value?: string;
    valueFrom?: { secretKeyRef: { name: string; key: string; optional?: boolean } };
  }[];
  envFrom: { configMapRef: { name: string } }[];
  ports: { name: string; containerPort: number }[];
  image: string;
  volumeMounts: { name: string; mountPath: string }[];
  startupProbe?: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
}

export interface Probe {
  httpGet: { path: string; port: string | number };
  periodSeconds: number;
  failureThreshold?: number;
  timeoutSeconds: number;
}

export interface Template {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    containers: [Container];
    serviceAccountName?: string;
    terminationGracePeriodSeconds?: number;
    timeoutSeconds?: number;
    volumes: { name: string; secret?: { secretName: string } }[];
  };
}

/** The pods of a Deployment or of a Service of Knative. */
export function templateOf(workload: Manifest): Template {
  return (workload["spec"] as { template: Template }).template;
}

/** What a container finds in its environment, with the ConfigMaps among `objects`. */
export function environmentOf(
  container: Container,
  objects: readonly Manifest[],
): Map<string, string | undefined> {
  const environment = new Map<string, string | undefined>();
  for (const { configMapRef } of container.envFrom) {
    const map = objects.find(
      ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMapRef.name,
    );
    if (map === undefined) throw new Error(`no ConfigMap ${configMapRef.name}`);
    for (const [name, value] of Object.entries(map["data"] as Record<string, string>))
      environment.set(name, value);
  }
  for (const { name, value } of container.env)
    environment.set(name, value ?? environment.get(name));
  return environment;
}

/** Options of the command as the environment says them; throws with all that is wrong. */
export function readOptions(environment: Environment): ConfigOf<typeof chatOptions> {
  const { options } = commands.find((one) => one.name === "chat")!;
  const env = Object.fromEntries(environment);
  const loaded = loadConfig(
    { ...(options as object), ...chatOptions },
    { argv: [], env, file: undefined, all: [] },
  );
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  if (loaded.warnings.length > 0) throw new Error(loaded.warnings.join("; "));
  return loaded.config;
}

/** What the chat makes of them with secrets as create-secrets.sh makes them, or all that is wrong. */
export function readChat(
  config: ConfigOf<typeof chatOptions>,
  folder: string,
  mongoUri: string,
  secrets = madeSecrets(),
) {
  const keys = { current: secrets.key, former: "" };
  const deps = { log: silentLog(), metrics: promMetrics(), clock: systemClock };
  return readChatConfig(config, {
    folder,
    jwtSecret: secrets.jwtSecret,
    keys,
    mongoUri,
    keySource: () => Promise.resolve(keys),
    carriers: { smtpPass: undefined, smsAuthToken: undefined },
    outbox: `${folder}/outbox`,
    pages: undefined,
    bucketKeys: NO_BUCKET_KEYS,
    env: {},
    deps,
  });
}

/** The same with a store in a folder, on free ports and without TLS: what it answers is what its pods do. */
export async function startAsTold(environment: Environment, folder: string): Promise<RunningChat> {
  const here = new Map(environment);
  for (const name of [
    "WARREN_CHAT_TLS_CERT",
    "WARREN_CHAT_TLS_KEY",
    "REDIS_URL",
    "S3_BUCKET",
    "WARREN_CHAT_STORE",
    "MONGO_URI",
  ])
    here.delete(name);
  here.set("SERVER_HOST", "127.0.0.1").set("SERVER_PORT", "0");
  if (here.has("WARREN_CHAT_PROBE_PORT")) here.set("WARREN_CHAT_PROBE_PORT", "0");
  const read = readChat(readOptions(here), folder, "");
  if ("problems" in read) throw new Error(read.problems.join("; "));
  const deps = {
    log: silentLog(),
    metrics: promMetrics(),
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    fatal: () => {},
  };
  return startChat(read.config, deps, new AbortController().signal);
}

function madeSecrets() {
  return {
    jwtSecret: randomBytes(48).toString("base64"),
    key: randomBytes(32).toString("base64"),
  };
}
