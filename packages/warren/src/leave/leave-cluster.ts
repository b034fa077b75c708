import type { KubeSettings } from "@warren/agent";
import { LeaseHold, REVISION, sweepCluster, type Swept } from "@warren/agent/kube";
import { systemClock, wallClock } from "@warren/host";
import {
  EVERYTHING,
  keyOf,
  LEASES,
  type KubeClient,
  type Lease,
  type ObjectName,
} from "@warren/host/kube";
import { leaseOf } from "../doctor/lease-of.ts";
import { fail, ok, warn, whyOf, type Finding } from "../doctor/finding.ts";

export interface Leaving {
  client: KubeClient;
  settings: KubeSettings;
  /** So long agents may take to stop. */
  waitMs: number;
  /** Also while an agent leads, which writes all of it again. */
  isForced: boolean;
  /** Hears what is going on, for who waits. */
  note: (text: string) => void;
  /** Takes back what was published, once no agent publishes any more. */
  withdraw: () => Promise<Finding[]>;
  signal: AbortSignal;
}

const STOP =
  "stop the agents first (`helm uninstall`, or kubectl scale --replicas=0), or say --force: what they write is then written again";
const WHICH = "name that with --kube-lease if those agents are meant, or say --force if others are";
const RIGHTS = "run it again as who may: as the cluster's admin, by --kubeconfig";
const MOST_NAMED = 5;

/** Takes away all that agents wrote in a cluster. Nothing is touched while one of them leads, unless that is meant. */
export async function leaveCluster(leaving: Leaving): Promise<Finding[]> {
  const { client, isForced, note, settings, signal, waitMs, withdraw } = leaving;
  const name = leaseOf(client, settings);
  const check = `Lease ${name.namespace}/${name.name}`;
  const another = isForced ? undefined : await anotherLease(client, name);
  if (another !== undefined)
    return [fail(check, `is not there, and agents lead by ${another}: nothing was touched`, WHICH)];
  const random = Math.random;
  const deps = { clock: systemClock, wallClock, random, signal };
  await using hold = new LeaseHold({ client, lease: name, ...deps });
  const isHeld = await hold.within(waitMs, (holder) =>
    note(`waiting for ${holder}, which leads, to stop`),
  );
  if (!isHeld && !isForced) return [notHeld(check, hold)];
  const withdrawn = await withdraw();
  const swept = await sweepCluster({ client, settings, signal });
  const isStillHeld = hold.isHeld;
  return [
    ...withdrawn,
    ...swept.map(findingOf),
    ...(isHeld && !isStillHeld ? [warn(check, "was lost meanwhile", STOP)] : []),
    await removed(check, hold),
  ];
}

/**
 * By which agents lead, where there is none of the name that was said: who said nothing does not mean to take away
 * what they write every day. Who may not list Leases is believed.
 */
async function anotherLease(client: KubeClient, name: ObjectName): Promise<string | undefined> {
  try {
    if ((await client.get(LEASES, name)) !== undefined) return undefined;
    const { items } = await client.list(LEASES, EVERYTHING);
    const led = items.find(isLed);
    return led && keyOf(led);
  } catch {
    return undefined;
  }
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

function findingOf({ kind, seen, mended, left }: Swept): Finding {
  const check = `status of ${kind}`;
  const done = `${mended} of ${seen} taken back`;
  if (left.length === 0) return ok(check, mended === 0 ? `nothing of ours in ${seen}` : done);
  const named = left.slice(0, MOST_NAMED).map(({ name }) => name);
  const more = left.length > MOST_NAMED ? [`${left.length - MOST_NAMED} more`] : [];
  const said = `${done}; left: ${[...named, ...more].join(", ")}: ${whyOf(left[0]!.why)}`;
  return fail(check, said, RIGHTS);
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
