import type { Clock } from "@warren/host";
import type { GatewayAddress } from "@warren/wire";
import type { Directory, GatewayPlace } from "./ports.ts";

const LOOK_MS = 2_000;
/** While it knows of no other: it may just not have reached the registry yet. */
const ALONE_LOOK_MS = 250;

export interface FleetWatchOptions {
  self: GatewayPlace;
  directory: Directory;
  clock: Clock;
  /** The set of gateways changed. */
  onChange: (gateways: readonly GatewayPlace[]) => void;
  onFailure: (error: unknown) => void;
}

/** Announces this gateway and watches which others there are. */
export class FleetWatch {
  readonly #options: FleetWatchOptions;
  #gateways: readonly GatewayPlace[];
  #cancel: () => void = () => {};
  #closed = false;

  constructor(options: FleetWatchOptions) {
    this.#options = options;
    this.#gateways = [options.self];
  }

  async start(): Promise<void> {
    await this.#options.directory
      .announceGateway(this.#options.self)
      .catch(this.#options.onFailure);
    await this.#look();
  }

  /** As agents are told. */
  get addresses(): GatewayAddress[] {
    return this.#gateways.map(({ gatewayId, agentUrl }) => ({ id: gatewayId, url: agentUrl }));
  }

  /** This gateway is going away: agents and others shall not come. */
  async withdraw(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    const { directory, self, onFailure } = this.#options;
    await directory.withdrawGateway(self.gatewayId).catch(onFailure);
  }

  async #look(): Promise<void> {
    const { clock, directory, onChange, onFailure, self } = this.#options;
    try {
      const found = await directory.gateways();
      const others = found.filter(({ gatewayId }) => gatewayId !== self.gatewayId);
      const next = [self, ...others.toSorted((a, b) => (a.gatewayId < b.gatewayId ? -1 : 1))];
      const same = JSON.stringify(next) === JSON.stringify(this.#gateways);
      this.#gateways = next;
      if (!same) onChange(next);
    } catch (error) {
      onFailure(error);
    }
    const lookMs = this.#gateways.length === 1 ? ALONE_LOOK_MS : LOOK_MS;
    if (!this.#closed) this.#cancel = clock.after(lookMs, () => void this.#look());
  }
}
