import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // A library build leaves this expression in the bundle, where no browser can resolve it.
  define: { "process.env.NODE_ENV": JSON.stringify(process.env.NODE_ENV ?? "production") },
  build: {
    // Fixed names and one file of each kind, so that a server-rendered page can name them.
    lib: {
      entry: "src/main.tsx",
      formats: ["iife"],
      name: "Personalization",
      fileName: () => "personalization.js",
      cssFileName: "personalization",
    },
    sourcemap: false,
  },
  test: {
    environment: "jsdom",
    setupFiles: ["tests/setup.ts"],
    include: ["tests/**/*.test.{ts,tsx}"],
    maxWorkers: 2,
    restoreMocks: true,
    testTimeout: 60_000,
  },
});
