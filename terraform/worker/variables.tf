# Written by `make docs` from regional/template.yaml. Do not edit: the next call replaces it.

variable "account_name" {
  description = "This account's name in routes.yaml, such as dev or prod."
  type        = string
}

variable "control_account_id" {
  description = "Account id of the control stack."
  type        = string
}

variable "control_stack_name" {
  description = "Name of the control stack. The names of this stack's resources begin with it, so that an account and region can have a worker stack of each of several installations."
  type        = string
  default     = null
}

variable "control_bus_arn" {
  description = "Output BusArn of the control stack."
  type        = string
}

variable "external_id" {
  description = "The control stack's ExternalId."
  type        = string
}

variable "repository_url" {
  description = "HTTPS clone URL of the repository with the playbooks, on the GitHub of the control stack's GithubUrl."
  type        = string
}

variable "allowed_repositories" {
  description = "Clone URLs of the repositories whose playbooks may run here, separated by commas; * is a wildcard, upper and lower case count: https://github.com/acme/infra.git,https://github.com/acme/web-*.git. Empty: all repositories of RepositoryUrl's owner."
  type        = string
  default     = null
}

variable "connection_arn" {
  description = "ARN of a CodeConnections connection to GitHub, or to GitHub Enterprise Server if RepositoryUrl is there, in any region. Empty for a public repository."
  type        = string
  default     = null
}

variable "github_certificate_arn" {
  description = "S3 object with the certificate, in PEM, of the private authority that signed GitHub Enterprise Server's certificate. CodeBuild trusts it when it clones. Empty: the public authorities."
  type        = string
  default     = null
}

variable "image" {
  description = "CodeBuild image. It must contain Python 3.12 or newer."
  type        = string
  default     = null
}

variable "image_repository_arn" {
  description = "ARN of Image's repository in ECR, of any account; builds and checks then pull the image with their own roles. Empty: an image of CodeBuild, or a public one."
  type        = string
  default     = null
}

variable "environment_type" {
  description = "Use ARM_CONTAINER with an aarch64 image."
  type        = string
  default     = null
}

variable "compute_type" {
  description = "The template's parameter ComputeType."
  type        = string
  default     = null
}

variable "secret_names" {
  description = "Secrets in this region's Secrets Manager that builds may read, separated by commas: those that routes.yaml names in vault and secrets. A name may end in *: infra/vault,infra/prod/*. Checks may read none."
  type        = list(string)
  default     = null
}

variable "parameter_names" {
  description = "Parameters in this region's SSM that builds may read, separated by commas: those that routes.yaml names in secrets. Each begins with /, also if the parameter's own name does not, and may end in *: /infra/*. Checks may read none."
  type        = list(string)
  default     = null
}

variable "kms_key_arns" {
  description = "KMS keys of your own that encrypt these secrets and parameters, separated by commas. AWS's keys need not be listed."
  type        = list(string)
  default     = null
}

variable "build_policy_arns" {
  description = "Managed policies with what else the playbooks need, separated by commas, for builds that apply. Checks do not get them."
  type        = list(string)
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the managed policy that limits every role of this stack. Empty: no boundary."
  type        = string
  default     = null
}

variable "build_timeout_minutes" {
  description = "CodeBuild stops a run that takes longer."
  type        = number
  default     = null
}

variable "queued_timeout_minutes" {
  description = "CodeBuild stops a run that is queued for longer."
  type        = number
  default     = null
}

variable "concurrent_build_limit" {
  description = "Limit of concurrent builds in this project; CodeBuild refuses more. 0: no limit. Pointsman itself runs one build per target."
  type        = number
  default     = null
}

variable "check_concurrent_build_limit" {
  description = "Limit of concurrent checks in this account and region; further checks wait. All builds of an account share one quota, and this leaves the rest of it to applies."
  type        = number
  default     = null
}

variable "configure_new_instances" {
  description = "Report each instance that comes up in this region to the control stack, which then runs the routes with new_instances on it, if it has the tag pointsman:managed=true."
  type        = string
  default     = null
}

variable "check_host_user" {
  description = "Operating-system user of checks. Create it on each host, without sudo, so that a check cannot change what root owns. A host without this user cannot be checked. With ssm-user, Session Manager's own user, a check is root and can apply changes."
  type        = string
  default     = null
}

variable "vpc_id" {
  description = "VPC for the builds; it needs a route to GitHub, PyPI and AWS. Empty: CodeBuild's own network."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "Private subnets of VpcId, separated by commas."
  type        = list(string)
  default     = null
}

variable "security_group_ids" {
  description = "Security groups of VpcId, separated by commas."
  type        = list(string)
  default     = null
}

variable "transfer_bucket_name" {
  description = "S3 bucket of this account for files that Ansible copies to instances. It must not be versioned: old versions would keep secrets in plain text. Empty: the stack creates one. Checks always have a bucket of their own."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days to keep the logs of the builds."
  type        = number
  default     = null
}

variable "alarm_topic_arn" {
  description = "SNS topic of this region for the alarm that build states do not reach the control stack. Alarms are forwarded to the control stack, too; but if its bus refuses this account, only this topic gets the alarm at once."
  type        = string
  default     = null
}
