import { start } from "../parts/start.tsx";
import { SharedView } from "./shared-view.tsx";

// Another link in the same tab is another conversation.
window.addEventListener("hashchange", () => location.reload());

start(<SharedView token={decodeURIComponent(location.hash.slice(1))} />);
