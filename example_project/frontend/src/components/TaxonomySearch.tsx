import { Button, Input, Label, SearchField } from "react-aria-components";

import { strings } from "../strings";

interface Props {
  query: string;
  onChange: (query: string) => void;
  /** How many taxonomies match. */
  count: number;
}

export function TaxonomySearch({ query, onChange, count }: Props) {
  const { picker } = strings;
  return (
    <div className="pz-search">
      <SearchField className="pz-search-field" value={query} onChange={onChange}>
        <Label className="pz-label">{picker.search}</Label>
        <div className="pz-search-box">
          <Input className="pz-input" placeholder={picker.searchPlaceholder} />
          <Button className="pz-clear">
            <span aria-hidden="true">×</span>
          </Button>
        </div>
      </SearchField>
      <p className="pz-detail" role="status">{query.trim() !== "" && picker.results(count, query.trim())}</p>
    </div>
  );
}
