# Written by `make docs` from regional/template.yaml. Do not edit: the next call replaces it.

output "project_name" {
  description = "Name of the CodeBuild project that applies."
  value       = aws_cloudformation_stack.worker.outputs["ProjectName"]
}

output "log_group_name" {
  description = "Log group of the builds."
  value       = aws_cloudformation_stack.worker.outputs["LogGroupName"]
}

output "check_project_name" {
  description = "Name of the CodeBuild project that checks."
  value       = aws_cloudformation_stack.worker.outputs["CheckProjectName"]
}

output "check_log_group_name" {
  description = "Log group of the checks."
  value       = aws_cloudformation_stack.worker.outputs["CheckLogGroupName"]
}

output "transfer_bucket_name" {
  description = "S3 bucket for files that Ansible copies to instances."
  value       = aws_cloudformation_stack.worker.outputs["TransferBucketName"]
}

output "start_role_arn" {
  description = "ARN of the role that start_build assumes."
  value       = aws_cloudformation_stack.worker.outputs["StartRoleArn"]
}

output "build_role_arn" {
  description = "ARN of the role of builds that apply."
  value       = aws_cloudformation_stack.worker.outputs["BuildRoleArn"]
}

output "check_role_arn" {
  description = "ARN of the role of checks."
  value       = aws_cloudformation_stack.worker.outputs["CheckRoleArn"]
}

output "reader_policy_arn" {
  description = "ARN of the policy for people who look, such as with `pointsman doctor` (docs/access.md)."
  value       = aws_cloudformation_stack.worker.outputs["ReaderPolicyArn"]
}

output "operator_policy_arn" {
  description = "ARN of the policy for operators, beside the reader's policy (docs/access.md)."
  value       = aws_cloudformation_stack.worker.outputs["OperatorPolicyArn"]
}
