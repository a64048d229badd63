//! What can be recorded in the audit log.

/// Defines the actions with the texts that are stored and shown.
macro_rules! actions {
    ($(#[$about:meta])* $name:ident { $($action:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($action,)+
        }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$action => $text,)+
                }
            }
        }
    };
}

actions! {
    /// Something that somebody did. Its text stands in `audit_log.action` and at the edge, so it never changes; a new action
    /// is named `area.verb` in the past or imperative form that its area uses, such as `user.create`.
    Action {
        Login = "login",
        ApiLogin = "token_created",
        LoginFailed = "login_failed",
        Logout = "logout",
        BootstrapActivatedSeed = "bootstrap_activated_seed",
        BootstrapCompleted = "bootstrap_completed",
        MagicLinkRequested = "magic_link.requested",
        PasswordSetupRequested = "password.setup_requested",
        PasswordSetup = "password.setup",
        PasswordChange = "password.change",
        PasswordResetRequested = "password.reset_requested",
        PasswordReset = "password.reset",
        TokenCreate = "token.create",
        TokenRevoke = "token.revoke",
        TokenAdminRevoke = "token.admin_revoke",
        TokenFirstUseNewIp = "token.first_use_new_ip",
        SecondFactorEnable = "second_factor.enable",
        SecondFactorDisable = "second_factor.disable",
        SecondFactorRecoveryCodes = "second_factor.recovery_codes",
        SecondFactorReset = "second_factor.reset",
        SessionEnd = "session.end",
        SessionAdminEnd = "session.admin_end",
        AccessDenied = "access.denied",
        UserCreate = "user.create",
        UserInvite = "user.invite",
        UserUpdate = "user.update",
        UserDelete = "user.delete",
        UserSetPassword = "user.set_password",
        UserResetPassword = "user.reset_password",
        UserGoogleSync = "user.google_sync",
        UserGroupCreated = "user_group.created",
        UserGroupUpdated = "user_group.updated",
        UserGroupDeleted = "user_group.deleted",
        UserGroupMemberAdded = "user_group.member_added",
        UserGroupMemberRemoved = "user_group.member_removed",
        ResourceGrantCreated = "resource_grant.created",
        ResourceGrantDeleted = "resource_grant.deleted",
        AccessRequestCreated = "access_request.created",
        AccessRequestApproved = "access_request.approved",
        AccessRequestDenied = "access_request.denied",
        BreakGlassGrantAdmin = "break_glass.grant_admin",
        TableRegister = "register_table",
        TableUpdate = "update_table",
        TableUnregister = "unregister_table",
        TableUpload = "upload_table",
        TableDiscover = "discover_and_register",
        PromptUpdate = "prompt.update",
        PromptReset = "prompt.reset",
        UploadSession = "upload.session",
        UploadArtifact = "upload.artifact",
        UploadLocalNotes = "upload.local_md",
        MetricPut = "metric.put",
        MetricDelete = "metric.delete",
        MetricImport = "metric.import",
        MetadataUpdate = "metadata.update",
        MetadataPush = "metadata.push",
        CatalogExport = "catalog.export",
        SavedQueryCreate = "saved_query.create",
        SavedQueryUpdate = "saved_query.update",
        SavedQueryDelete = "saved_query.delete",
        SavedQueryShare = "saved_query.share",
        SavedQueryUnshare = "saved_query.unshare",
        SavedQueryRefresh = "saved_query.refresh",
        SavedQueryTakeOver = "saved_query.take_over",
        QueryStop = "query.stop",
        SyncTrigger = "sync.trigger",
        SyncCancel = "sync.cancel",
        SyncSettingsUpdate = "sync_settings.update",
        InstanceConfigUpdate = "instance_config.update",
        SigningKeyRotate = "signing_key.rotate",
        SecondFactorKeyRotate = "second_factor_key.rotate",
        AuditSealed = "audit.sealed",
    }
}
