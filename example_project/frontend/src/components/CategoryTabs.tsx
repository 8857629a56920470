import type { ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";

import { strings } from "../strings";

interface Props {
  tabs: readonly { id: string; label: string }[];
  selected: string;
  onSelect: (id: string) => void;
  children: ReactNode;
}

export function CategoryTabs({ tabs, selected, onSelect, children }: Props) {
  return (
    <Tabs selectedKey={selected} onSelectionChange={(key) => { onSelect(String(key)); }}>
      <TabList className="pz-tabs" aria-label={strings.picker.categories}>
        {tabs.map(({ id, label }) => <Tab key={id} id={id} className="pz-tab">{label}</Tab>)}
      </TabList>
      <TabPanel key={selected} id={selected} className="pz-panel">{children}</TabPanel>
    </Tabs>
  );
}
