// The subpath `sagachart/inspect`: watching runs in the Stately inspector. Named re-exports only.
export { createInspector, INSPECTOR_URL, type Inspector, type InspectorOptions } from './inspector.ts'
