import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
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
  return (
    <QueryClientProvider client={queryClient ?? ownClient}>
      <I18nProvider locale={strings.locale}>
        <div className="pz">
          <header className="pz-header">
            <h1 className="pz-title">{strings.title}</h1>
            <p className="pz-hint">{strings.intro}</p>
          </header>
          <Personalization />
        </div>
      </I18nProvider>
    </QueryClientProvider>
  );
}
