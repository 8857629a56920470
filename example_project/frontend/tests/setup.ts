import "@testing-library/jest-dom/vitest";

import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// A loaded machine is slow, and a test that passes does not wait. To ask of each element in a query by role whether
// it is hidden takes most of the time; nothing of this page is, but decoration that has no role.
configure({ asyncUtilTimeout: 15_000, defaultHidden: true });

afterEach(cleanup);
