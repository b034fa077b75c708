import type { KubeSettings } from "@warren/agent";
import { isShared, LeaseHold, REVISION, sweepCluster, type Swept } from "@warren/agent/kube";
import { systemClock, wallClock } from "@warren/host";
import {
  EVERYTHING,
  isKubeError,
  keyOf,
  LEASES,
  type KubeClient,
  type Lease,
  type ObjectName,
  type Resource,
} from "@warren/host/kube";
import { leaseOf } from "../doctor/lease-of.ts";
import { fail, note, ok, warn, whyOf, type Finding } from "../doctor/finding.ts";

export interface Leaving {
  client: KubeClient;
  settings: KubeSettings;
  /** So long agents may take to stop. */
  waitMs: number;
  /** Also while an agent leads, which writes all of it again. */
  isForced: boolean;
  /** Of agents: where it is there, nothing is touched. */
  deployment: ObjectName | undefined;
  /** Hears what is going on, for who waits. */
  tell: (text: string) => void;
  /** Takes back what was published, once no agent publishes any more. */
  withdraw: () => Promise<Finding[]>;
  signal: AbortSignal;
}

const STOP =
  "stop the agents first (`helm uninstall`, or kubectl scale --replicas=0), or say --force: what they write is then written again";
const WHICH = "name that with --kube-lease if those agents are meant, or say --force if others are";
const RIGHTS = "run it again as who may: as the cluster's admin, by --kubeconfig";
const AGAIN =
  "run it again once the API server answers, or say --force if no other agents lead here";
const MOVED = "nothing, if those took their place; once those are stopped too, run it again";
const UNSAID =
  "say --force if those have another class or other namespaces: of this one all is taken back then";
const DOUBTED = "if no agent has their class any more, run it again with that as --kube-class";
const INSTALLED =
  "uninstall that first; who applies what `helm template` prints says --no-hooks there";
const MOST_NAMED = 5;

const DEPLOYMENTS: Resource = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};

/** Takes away all that agents wrote in a cluster. Nothing is touched while one of them leads, unless that is meant. */
export async function leaveCluster(leaving: Leaving): Promise<Finding[]> {
  const { client, isForced, settings, signal, tell, waitMs, withdraw } = leaving;
  const name = leaseOf(client, settings);
  const check = `Lease ${name.namespace}/${name.name}`;
  const refused = isForced ? undefined : await refusal(leaving, name);
  if (refused !== undefined) return [refused];
  const random = Math.random;
  const deps = { clock: systemClock, wallClock, random, signal };
  await using hold = new LeaseHold({ client, lease: name, ...deps });
  const isHeld = await hold.within(waitMs, (holder) =>
    tell(`waiting for ${holder}, which leads, to stop`),
  );
  if (!isHeld && !isForced) return [notHeld(check, hold)];
  const withdrawn = await withdraw();
  const swept = await sweep(leaving, name);
  const isStillHeld = hold.isHeld;
  return [
    ...withdrawn,
    ...swept,
    ...(isHeld && !isStillHeld ? [warn(check, "was lost meanwhile", STOP)] : []),
    await removed(check, hold),
  ];
}

/** Why nothing is touched from the first. */
async function refusal(
  { client, deployment, signal }: Leaving,
  lease: ObjectName,
): Promise<Finding | undefined> {
  if (deployment !== undefined) {
    const check = `Deployment ${keyOfName(deployment)}`;
    try {
      const found = await client.within({ signal }).get(DEPLOYMENTS, deployment);
      if (found !== undefined && found.metadata.deletionTimestamp === undefined)
        return fail(check, "is there: nothing was touched", INSTALLED);
    } catch (error) {
      return fail(check, `cannot be looked for: ${whyOf(error)}`, RIGHTS);
    }
  }
  const found = await leasesBeside(client, lease);
  if ("finding" in found) return found.finding;
  const another = found.isThere ? undefined : found.others[0];
  if (another === undefined) return undefined;
  const said = `is not there, and agents lead by ${keyOf(another)}: nothing was touched`;
  return fail(`Lease ${keyOfName(lease)}`, said, WHICH);
}

/**
 * By which other Leases agents lead: where there is none of the name that was said, who said nothing does not mean to
 * take away what they write every day. Who may not list Leases is believed.
 */
async function leasesBeside(client: KubeClient, name: ObjectName): Promise<LeasesFound> {
  try {
    const isThere = (await client.get(LEASES, name)) !== undefined;
    const { items } = await client.list(LEASES, EVERYTHING);
    return { isThere, others: items.filter((one) => isLed(one) && keyOf(one) !== keyOfName(name)) };
  } catch (error) {
    if (isKubeError(error, "Forbidden")) return { isThere: false, others: [] };
    const why = `cannot be looked for: ${whyOf(error)}`;
    return { finding: fail("other Leases", why, AGAIN) };
  }
}

type LeasesFound =
  | { readonly isThere: boolean; readonly others: readonly Lease[] }
  | { readonly finding: Finding };

const keyOfName = ({ namespace, name }: ObjectName): string => `${namespace}/${name}`;

/** Statuses that other agents write too are theirs by now: as after a move to another release. */
async function sweep(
  { client, isForced, settings, signal }: Leaving,
  lease: ObjectName,
): Promise<Finding[]> {
  const found = isForced ? { others: [] } : await leasesBeside(client, lease);
  if ("finding" in found) return [found.finding];
  const shared = found.others.map(({ metadata }) => ({
    by: keyOf({ metadata }),
    is: isShared(metadata.annotations ?? {}, settings),
  }));
  const sure = shared.find(({ is }) => is === true);
  if (sure !== undefined)
    return [note("statuses", `stay: agents lead by ${sure.by}, and write the same ones`, MOVED)];
  const doubtful = shared.find(({ is }) => is === undefined);
  if (doubtful !== undefined)
    return [fail("statuses", `stay: agents lead by ${doubtful.by}, and may write them`, UNSAID)];
  return (await sweepCluster({ client, settings, signal })).flatMap(findingsOf);
}

/** Clocks may be apart: a minute is long after the last renewal of one who leads. */
const FRESH_MS = 60_000;

function isLed({ metadata: { annotations = {} }, spec }: Lease): boolean {
  const { holderIdentity = "", renewTime = "" } = spec ?? {};
  const isFresh = wallClock() - Date.parse(renewTime) < FRESH_MS;
  return REVISION in annotations && holderIdentity !== "" && isFresh;
}

function notHeld(check: string, { failure, holder }: LeaseHold): Finding {
  return holder === undefined
    ? fail(check, `cannot be held: ${whyOf(failure ?? "it was not answered in time")}`, RIGHTS)
    : fail(check, `${holder} leads: nothing was touched`, STOP);
}

function findingsOf({ kind, seen, mended, left, doubted }: Swept): Finding[] {
  const check = `status of ${kind}`;
  const done = `${mended} of ${seen} taken back`;
  const others = `stay in ${listed(doubted)}: an agent wrote them, whose class is not there`;
  const inDoubt = doubted.length === 0 ? [] : [note(check, others, DOUBTED)];
  if (left.length === 0)
    return [ok(check, mended === 0 ? `nothing of ours in ${seen}` : done), ...inDoubt];
  const names = listed(left.map(({ name }) => name));
  return [fail(check, `${done}; left: ${names}: ${whyOf(left[0]!.why)}`, RIGHTS), ...inDoubt];
}

function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? [`${names.length - MOST_NAMED} more`] : [];
  return [...names.slice(0, MOST_NAMED), ...more].join(", ");
}

async function removed(check: string, hold: LeaseHold): Promise<Finding> {
  try {
    return (await hold.remove())
      ? ok(check, "is gone")
      : fail(check, "stays: an agent holds it, and writes all of this again", STOP);
  } catch (error) {
    return fail(check, `stays: ${whyOf(error)}`, RIGHTS);
  }
}
