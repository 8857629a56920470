import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { PersonalizationSettingsPage } from "./pages/PersonalizationSettingsPage";
import { type ApiConfig, configureApi } from "./services/http";
import "./styles/personalization.css";

/** The element that a host puts on its page: `<div id="personalization" data-api-base-url="/api/v1/">`. */
const MOUNT_ID = "personalization";

function readConfig({ dataset }: HTMLElement): Partial<ApiConfig> {
  const { apiBaseUrl, csrfCookieName } = dataset;
  return { ...(apiBaseUrl && { apiBaseUrl }), ...(csrfCookieName && { csrfCookieName }) };
}

function mount(element: HTMLElement): void {
  configureApi(readConfig(element));
  createRoot(element).render(
    <StrictMode>
      <PersonalizationSettingsPage />
    </StrictMode>,
  );
}

function mountWhenReady(): void {
  const element = document.getElementById(MOUNT_ID);
  if (element !== null) mount(element);
}

// The script may stand in the head, before the element.
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountWhenReady);
else mountWhenReady();
