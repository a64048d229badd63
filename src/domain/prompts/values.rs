//! What templates can show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;

use crate::access::{Principal, visible_metrics};
use crate::base::time;
use crate::config::Instance;
use crate::domain::{Result, tables};
use crate::extract::Publication;
use crate::openmetadata::OpenMetadata;
use crate::protocol::vocabulary::ResourceType;
use crate::store::{Snapshot, Store, marketplaces};

/// Where the values come from.
pub struct Sources<'a> {
    pub store: &'a Store,
    pub publication: &'a Publication,
    pub openmetadata: &'a OpenMetadata,
    pub instance: Arc<Instance>,
}

const DEFAULT_INTERVAL: &str = "1 hour";

impl Sources<'_> {
    /// For the set-up prompt.
    pub async fn setup(&self, caller: &Principal, server_url: &str) -> Result<Value> {
        let snapshot = self.store.snapshot();
        let mut values = self.common(server_url);
        values["user"] = user(&snapshot, caller);
        values["marketplaces"] = self.marketplaces(&snapshot, caller).await?;
        Ok(values)
    }

    /// For the prompt of a workspace: nothing but what the caller may read.
    pub async fn workspace(&self, caller: &Principal, server_url: &str) -> Result<Value> {
        let snapshot = self.store.snapshot();
        let mut values = self.setup(caller, server_url).await?;
        let interval = self.instance.instance.sync_interval.as_deref().unwrap_or(DEFAULT_INTERVAL);
        values["sync_interval"] = json!(interval);
        values["data_source"] = json!({ "type": self.instance.source_type() });
        let catalog = tables::catalog(&snapshot, self.publication, caller, self.openmetadata);
        let tables = catalog.tables.into_iter().map(
            |table| json!({ "name": table.name, "description": table.description, "query_mode": table.query_mode }),
        );
        values["tables"] = tables.collect();
        let metrics: Vec<_> = visible_metrics(&snapshot, caller).collect();
        let categories: BTreeSet<&str> = metrics.iter().map(|metric| metric.definition.category.as_str()).collect();
        values["metrics"] = json!({ "count": metrics.len(), "categories": categories });
        Ok(values)
    }

    fn common(&self, server_url: &str) -> Value {
        let now = time::now();
        let host = Url::parse(server_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let naming = &self.instance.instance;
        json!({
            "instance": { "name": naming.name, "subtitle": naming.subtitle.as_deref().unwrap_or_default() },
            "server": { "url": server_url, "hostname": host.unwrap_or_default() },
            "now": format!("{}+00:00", time::spaced(now)),
            "today": time::civil(now).strftime("%Y-%m-%d").to_string(),
        })
    }

    /// The marketplaces with the plugins that groups of the caller are granted.
    async fn marketplaces(&self, snapshot: &Snapshot, caller: &Principal) -> Result<Value> {
        let all = self.store.read(marketplaces::all).await?;
        let groups = snapshot.members.of_user(&caller.user().id);
        let is_granted = |id: &str| {
            groups
                .iter()
                .any(|group| snapshot.grants.on(&group.group_id, &ResourceType::MarketplacePlugin, id).is_some())
        };
        let offered = all.iter().map(|marketplace| {
            let names = marketplace.plugins.iter().map(|plugin| plugin.name.as_str());
            let granted = names.filter(|name| is_granted(&format!("{}/{name}", marketplace.id)));
            let plugins: Vec<_> = granted.map(|name| json!({ "name": name })).collect();
            BTreeMap::from([
                ("slug", json!(marketplace.id)),
                ("name", json!(marketplace.name)),
                ("plugins", json!(plugins)),
            ])
        });
        Ok(json!(offered.filter(|marketplace| marketplace["plugins"] != json!([])).collect::<Vec<_>>()))
    }
}

fn user(snapshot: &Snapshot, caller: &Principal) -> Value {
    let user = caller.user();
    let groups = snapshot.members.of_user(&user.id).iter();
    let groups: BTreeSet<&str> =
        groups.filter_map(|group| snapshot.groups.get(&group.group_id)).map(|group| group.name.as_str()).collect();
    json!({
        "id": user.id, "email": user.email, "name": user.name, "is_admin": caller.is_admin(), "groups": groups,
    })
}
