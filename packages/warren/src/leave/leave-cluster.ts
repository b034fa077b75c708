import type { KubeSettings } from "@warren/agent";
import { LeaseHold, sweepCluster, type Swept } from "@warren/agent/kube";
import { systemClock, wallClock } from "@warren/host";
import type { KubeClient } from "@warren/host/kube";
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
const RIGHTS = "run it again as who may: as the cluster's admin, by --kubeconfig";
const MOST_NAMED = 5;

/** Takes away all that agents wrote in a cluster. Nothing is touched while one of them leads, unless that is meant. */
export async function leaveCluster(leaving: Leaving): Promise<Finding[]> {
  const { client, isForced, note, settings, signal, waitMs, withdraw } = leaving;
  const name = leaseOf(client, settings);
  const check = `Lease ${name.namespace}/${name.name}`;
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
