//! Access requests as responses show them.

use crate::base::time;
use crate::protocol::access::AccessRequest as Body;
use crate::store::access_requests::AccessRequest;

/// `grant_id` is the grant that an approval created or found.
pub fn access_request(request: AccessRequest, grant_id: Option<String>) -> Body {
    Body {
        id: request.id,
        user_id: request.user_id,
        user_email: request.user_email,
        resource_type: request.resource_type.into(),
        table_id: request.table_id,
        reason: request.reason,
        status: request.status,
        requested_at: request.requested_at.map(time::spaced),
        reviewed_by: request.reviewed_by,
        reviewed_at: request.reviewed_at.map(time::spaced),
        review_note: request.review_note,
        grant_id,
    }
}
