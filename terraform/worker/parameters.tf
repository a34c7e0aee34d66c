# Written by `make docs` from regional/template.yaml. Do not edit: the next call replaces it.

locals {
  given = {
    AccountName               = var.account_name
    ControlAccountId          = var.control_account_id
    ControlStackName          = var.control_stack_name
    ControlBusArn             = var.control_bus_arn
    ExternalId                = var.external_id
    RepositoryUrl             = var.repository_url
    AllowedRepositories       = var.allowed_repositories
    ConnectionArn             = var.connection_arn
    GithubCertificateArn      = var.github_certificate_arn
    Image                     = var.image
    ImageRepositoryArn        = var.image_repository_arn
    EnvironmentType           = var.environment_type
    ComputeType               = var.compute_type
    SecretNames               = var.secret_names == null ? null : join(",", var.secret_names)
    ParameterNames            = var.parameter_names == null ? null : join(",", var.parameter_names)
    KmsKeyArns                = var.kms_key_arns == null ? null : join(",", var.kms_key_arns)
    BuildPolicyArns           = var.build_policy_arns == null ? null : join(",", var.build_policy_arns)
    PermissionsBoundary       = var.permissions_boundary
    BuildTimeoutMinutes       = var.build_timeout_minutes == null ? null : tostring(var.build_timeout_minutes)
    QueuedTimeoutMinutes      = var.queued_timeout_minutes == null ? null : tostring(var.queued_timeout_minutes)
    ConcurrentBuildLimit      = var.concurrent_build_limit == null ? null : tostring(var.concurrent_build_limit)
    CheckConcurrentBuildLimit = var.check_concurrent_build_limit == null ? null : tostring(var.check_concurrent_build_limit)
    ConfigureNewInstances     = var.configure_new_instances
    CheckHostUser             = var.check_host_user
    VpcId                     = var.vpc_id
    SubnetIds                 = var.subnet_ids == null ? null : join(",", var.subnet_ids)
    SecurityGroupIds          = var.security_group_ids == null ? null : join(",", var.security_group_ids)
    TransferBucketName        = var.transfer_bucket_name
    LogRetentionDays          = var.log_retention_days == null ? null : tostring(var.log_retention_days)
    AlarmTopicArn             = var.alarm_topic_arn
  }
}
