import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running learner. */
const LEARNER = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: { outDir: "../api/static", emptyOutDir: true, target: "es2022", cssTarget: ["chrome111", "safari16.4", "firefox113"] },
  server: { proxy: { "/api": { target: LEARNER, ws: true } } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
