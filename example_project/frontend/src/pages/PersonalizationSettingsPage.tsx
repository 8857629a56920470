import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { UNSAFE_PortalProvider as PortalProvider } from "react-aria/PortalProvider";
import { I18nProvider } from "react-aria-components";

import { Personalization } from "../components/Personalization";
import { createQueryClient } from "../hooks/queryClient";
import { strings } from "../strings";

interface Props {
  /** A host that has a query client of its own may pass it in. */
  queryClient?: QueryClient;
}

/** The whole settings page. Call `configureApi` before the first render. */
export function PersonalizationSettingsPage({ queryClient }: Props) {
  const [ownClient] = useState(() => queryClient ?? createQueryClient());
  const layers = useRef<HTMLDivElement>(null);
  return (
    <QueryClientProvider client={queryClient ?? ownClient}>
      <I18nProvider locale={strings.locale}>
        <div className="pz">
          <PortalProvider getContainer={() => layers.current}>
            <div className="pz-page">
              <header className="pz-header">
                <h1 className="pz-title">{strings.title}</h1>
                <p className="pz-hint">{strings.intro}</p>
              </header>
              <Personalization />
            </div>
          </PortalProvider>
          {/* Dialogs and menus are put here, so that they look as the page does, however a host has restyled it. */}
          <div ref={layers} />
        </div>
      </I18nProvider>
    </QueryClientProvider>
  );
}
