import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/alerts.css";
import "./styles/pages.css";

import { effect } from "@preact/signals";
import { render } from "preact";
import { Help, KeyEntry, helpShown } from "./components/dialogs";
import { Frame } from "./components/frame";
import { Message } from "./components/states";
import { Toast } from "./components/toast";
import { useKeys } from "./lib/keys";
import { addressOf, go, route } from "./lib/router";
import { toggleTheme } from "./lib/theme";
import * as list from "./model/alert_list";
import { apiKey } from "./model/api";
import { goLive, onNews } from "./model/live";
import { hearSample } from "./model/pool";
import { me, stats, statsChanged } from "./model/stats";
import type { AlertEvent, PoolSample } from "./model/types";
import { AlertPage } from "./pages/alert";
import { AlertsPage } from "./pages/alerts";
import { InsightsPage } from "./pages/insights";
import { PoolPage } from "./pages/pool";
import { PublishingPage } from "./pages/publishing";
import { SilencesPage } from "./pages/silences";

function Content() {
    const { page, id } = route.value;
    if (page === "alerts") return id ? <AlertPage key={id} fingerprint={id} /> : <AlertsPage />;
    if (page === "insights") return <InsightsPage />;
    if (page === "silences") return <SilencesPage />;
    if (page === "publishing") return <PublishingPage />;
    if (page === "pool") return <PoolPage />;
    return (
        <div class="page">
            <Message title="There is no such page" action={<a class="button" href={addressOf("alerts")}>Alerts</a>} />
        </div>
    );
}

function Console() {
    useKeys({
        "g a": () => go(addressOf("alerts")),
        "g i": () => go(addressOf("insights")),
        "g s": () => go(addressOf("silences")),
        "g u": () => go(addressOf("publishing")),
        "g p": () => go(addressOf("pool")),
        "t": toggleTheme,
        "?": () => (helpShown.value = true),
    });
    return (
        <>
            <Frame><Content /></Frame>
            <Help />
            <KeyEntry />
            <Toast />
        </>
    );
}

const alertNews = new Set(["alert_created", "alert_firing", "alert_resolved", "alert_inhibited", "alert_silenced"]);

onNews(({ type, data }) => {
    if (alertNews.has(type)) {
        list.hear(data as AlertEvent);
        statsChanged();
    } else if (type === "stats_updated") {
        statsChanged();
    } else if (type === "pool") {
        hearSample(data as PoolSample);
    } else if (type === "refresh") {
        void list.refresh();
        statsChanged();
    }
});

effect(() => {
    apiKey.value; // with another key, other answers
    void me.load();
    void stats.load();
});
effect(() => {
    const firing = stats.value.value?.alerts.firing;
    document.title = firing ? `(${firing}) alerthist` : "alerthist";
});

goLive();
render(<Console />, document.getElementById("console") as HTMLElement);
