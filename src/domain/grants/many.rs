use super::{checked, grant, revoke};
use crate::access::Admin;
use crate::domain::{Result, write_as};
use crate::protocol::vocabulary::ResourceType;
use crate::store::Store;

/// Whether a group is to have a resource.
pub struct GrantChange {
    pub group_id: String,
    pub resource_type: String,
    pub resource_id: String,
    pub granted: bool,
}

/// How many grants were made and withdrawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub granted: usize,
    pub revoked: usize,
}

/// Makes and withdraws grants, all or none of them. What is as it should be stays so.
pub async fn change_grants(store: &Store, admin: &Admin, changes: Vec<GrantChange>) -> Result<Changed> {
    let types = changes.iter().map(|change| checked(&change.resource_type, &change.resource_id));
    let types = types.collect::<Result<Vec<ResourceType>>>()?;
    let admin = admin.clone();
    let written = write_as(store, admin.clone(), move |change| {
        let mut done = Changed::default();
        for (wanted, resource_type) in changes.iter().zip(&types) {
            let GrantChange { group_id, resource_id, granted, .. } = wanted;
            match (change.snapshot().grants.on(group_id, resource_type, resource_id), granted) {
                (None, true) => {
                    grant(change, &admin, group_id, resource_type, resource_id)?;
                    done.granted += 1;
                }
                (Some(existing), false) => {
                    revoke(change, &admin, existing)?;
                    done.revoked += 1;
                }
                _ => {}
            }
        }
        Ok(done)
    });
    written.await
}
