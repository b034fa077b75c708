import {
  DESTINATION_FORMS,
  parseDestination,
  publicationOf,
  Service,
  type Destination,
  type Publication,
  type ServiceInput,
  type TlsSettings,
} from "@warren/agent";
import { hashBasicAuth } from "@warren/gateway";
import { describe } from "@warren/wire";
import * as v from "valibot";

/** What `warren expose` was asked to show. */
export interface Wish {
  destination: string;
  hosts: readonly string[];
  path: string;
  publicPort: number | undefined;
  /** `user:password`, as typed. */
  basicAuth: readonly string[];
  allow: readonly string[];
}

export interface Exposed {
  to: Destination;
  publications: Publication[];
}

export const isTcp = ({ protocol, passthrough }: Destination): boolean =>
  protocol === "tcp" && !passthrough;

/** The publications that a wish becomes, one per host, or all that is wrong with it. */
export async function exposed(
  wish: Wish,
  tls: TlsSettings,
): Promise<Exposed | { problems: string[] }> {
  const to = parseDestination(wish.destination);
  if (to === undefined) return { problems: [`${wish.destination}: expected ${DESTINATION_FORMS}`] };
  const problems = misfits(wish, to);
  if (problems.length > 0) return { problems };
  const publications: Publication[] = [];
  for (const service of await servicesOf(wish, to)) {
    const made = publish(service, tls);
    if (typeof made === "string") problems.push(made);
    else publications.push(made);
  }
  return problems.length > 0 ? { problems } : { to, publications };
}

/** What a kind of service cannot have. */
function misfits({ hosts, publicPort, basicAuth, path }: Wish, to: Destination): string[] {
  const raw = to.protocol === "tcp";
  return [
    ...(hosts.length === 0 && !isTcp(to) ? ["--host: needed, the public name"] : []),
    ...(publicPort !== undefined && !isTcp(to) ? ["--public-port: only for tcp://"] : []),
    ...(basicAuth.length > 0 && raw ? ["--basic-auth: only for HTTP"] : []),
    ...(path !== "/" && raw ? ["--path: only for HTTP"] : []),
    ...(basicAuth.every((one) => /^[^:]+:./.test(one))
      ? []
      : ["--basic-auth: expected user:password"]),
  ];
}

/** A tcp service is known by its public port: its name is for people. */
async function servicesOf(wish: Wish, to: Destination): Promise<ServiceInput[]> {
  const { destination, path, allow, publicPort } = wish;
  const lines = await Promise.all(
    wish.basicAuth.map((said) => {
      const colon = said.indexOf(":");
      return hashBasicAuth(said.slice(0, colon), said.slice(colon + 1));
    }),
  );
  return (isTcp(to) ? [""] : wish.hosts).map((host) => ({
    host,
    path,
    to: destination,
    policy: { allow: [...allow], basic_auth: lines },
    ...(publicPort !== undefined && { public_port: publicPort }),
  }));
}

function publish(service: ServiceInput, tls: TlsSettings): Publication | string {
  const read = v.safeParse(Service, service);
  return read.success
    ? publicationOf(read.output, { tls, readFile: String })
    : describe(read.issues);
}
