import { useState } from "preact/hooks";
import { Button, IconButton } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import "./filter-bar.css";
import { Choice, Day, UserField, type ChoiceProps } from "./filter-fields.tsx";
import { narrowing, NO_FILTERS, SORTS, type Filters, type Sort } from "./filters.ts";

export interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

const STATUS: ChoiceProps<Filters["status"]>["options"] = [
  ["", "Any"],
  ["active", "Open"],
  ["ended", "Ended"],
];
const HELP: ChoiceProps<Filters["help"]>["options"] = [
  ["", "Any"],
  ["true", "Asked for"],
  ["false", "Not asked for"],
];
const ASSISTED: ChoiceProps<Filters["assisted"]>["options"] = [
  ["", "Anybody"],
  ["true", "A person too"],
  ["false", "AI alone"],
];
const SORT = SORTS.map(({ value, label }) => [value, label] as const);

/** Every filter and sort that the service has; where there is little room they fold behind a button. */
export function FilterBar({ filters, onChange }: FilterBarProps) {
  const { userId, status, help, assisted, from, to } = filters;
  const [isUnfolded, setUnfolded] = useState(false);
  const count = narrowing(filters);
  const set = (change: Partial<Filters>) => onChange({ ...filters, ...change });
  const clear = () => onChange({ ...filters, ...NO_FILTERS, sort: filters.sort });
  return (
    <search class="filters" aria-label="Filter conversations">
      <div class="filters-first">
        <UserField label="User" value={userId} onChange={(userId) => set({ userId })} />
        <Button
          class="filters-fold"
          aria-expanded={isUnfolded}
          onClick={() => setUnfolded(!isUnfolded)}
        >
          <Icon name="sort" size={16} />
          {count === 0 ? "Filters" : `Filters (${count})`}
        </Button>
      </div>
      <div class={isUnfolded ? "filters-rest" : "filters-rest is-folded"}>
        <Choice
          label="Status"
          value={status}
          options={STATUS}
          onChange={(status) => set({ status })}
        />
        <Choice label="Help" value={help} options={HELP} onChange={(help) => set({ help })} />
        <Choice
          label="Answered by"
          value={assisted}
          options={ASSISTED}
          onChange={(assisted) => set({ assisted })}
        />
        <Day label="Started from" value={from} onChange={(from) => set({ from })} />
        <Day label="Started until" value={to} onChange={(to) => set({ to })} />
        <Order filters={filters} set={set} />
        {count > 0 && (
          <Button kind="quiet" onClick={clear}>
            Clear
          </Button>
        )}
      </div>
    </search>
  );
}

function Order({ filters, set }: { filters: Filters; set: (change: Partial<Filters>) => void }) {
  const { sort, isDescending } = filters;
  return (
    <div class="filters-sort">
      <Choice<Sort>
        label="Sort by"
        value={sort}
        options={SORT}
        onChange={(sort) => set({ sort })}
      />
      <IconButton
        label={isDescending ? "Descending: sort ascending" : "Ascending: sort descending"}
        kind="plain"
        onClick={() => set({ isDescending: !isDescending })}
      >
        <Icon name={isDescending ? "down" : "up"} />
      </IconButton>
    </div>
  );
}
