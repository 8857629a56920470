import { useState } from "react";
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";

import { type TagActions, type Weight, WEIGHTS } from "../hooks/useTagActions";
import { strings } from "../strings";
import type { UserTag } from "../types/models";

const { tags } = strings;
const CHOICES: readonly Weight[] = ["less", "normal", "more"];

/** How much a tag counts, and Hide: a button that shows the present weight, with a menu. */
export function TagMenu({ tag, actions }: { tag: UserTag; actions: TagActions }) {
  const weight = weightOf(tag);
  const isBusy = actions.isBusy(tag);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <MenuTrigger isOpen={isOpen} onOpenChange={(willBeOpen) => { setIsOpen(willBeOpen && !isBusy); }}>
      <Button
        className="pz-button pz-button-small pz-menu-button"
        aria-label={tags.weightButton(tags.weights[weight], tag.name)}
        aria-disabled={isBusy}
      >
        {tags.weights[weight]}
        <span className="pz-chevron" aria-hidden="true" />
      </Button>
      <Popover className="pz-popover" placement="bottom end">
        <Menu className="pz-menu" aria-label={tag.name}>
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[weight]}
            onSelectionChange={(keys) => {
              const chosen = CHOICES.find((choice) => keys !== "all" && keys.has(choice));
              if (chosen !== undefined && chosen !== weight) actions.weigh(tag, chosen);
            }}
          >
            <Header className="pz-menu-title">{tags.weightsTitle}</Header>
            {CHOICES.map((choice) => (
              <Choice key={choice} id={choice} label={tags.weights[choice]} detail={tags.weightDetails[choice]} />
            ))}
          </MenuSection>
          <MenuSection aria-label={tags.hide}>
            <Choice id="hide" label={tags.hide} detail={tags.hideDetail} onAction={() => { actions.hide(tag); }} />
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function Choice({ id, label, detail, onAction }: { id: string; label: string; detail: string; onAction?: () => void }) {
  return (
    <MenuItem id={id} className="pz-menu-item" textValue={label} {...(onAction && { onAction })}>
      <span className="pz-menu-label">{label}</span>{" "}
      <span className="pz-detail">{detail}</span>
    </MenuItem>
  );
}

/** The name of a tag's weight; a weight that another version of the API may give counts as the nearest. */
function weightOf({ weight }: UserTag): Weight {
  if (weight < WEIGHTS.normal) return "less";
  return weight > WEIGHTS.normal ? "more" : "normal";
}
