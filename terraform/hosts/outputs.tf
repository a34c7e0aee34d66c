output "instance_profile_name" {
  description = "Instance profile for the instances."
  value       = aws_iam_instance_profile.instances.name
}

output "instance_tags" {
  description = "Tags for the instances, beside a Name that is unique in its account and region."
  value       = { "pointsman:managed" = "true" }
}

output "user_data" {
  description = "User data that makes the user of checks, without sudo."
  value       = "#!/bin/sh\nid pointsman-check >/dev/null 2>&1 || useradd --create-home pointsman-check\n"
}

output "security_group_ids" {
  description = "Security groups for builds in the VPC."
  value       = [aws_security_group.builds.id]
}

output "transfer_bucket_name" {
  description = "Bucket for the files that Ansible copies to instances."
  value       = aws_s3_bucket.transfer.id
}

output "ssm_parameter_names" {
  description = "Names of the SSM parameters, for pointsman.toml."
  value       = concat([for each in aws_ssm_parameter.worker : each.name], aws_ssm_parameter.connection[*].name)
}
