# The worker stack of one account and region. The template is the one of this version, so that `pointsman doctor` recognises it, and
# what a worker stack is has one home. variables.tf, parameters.tf and outputs.tf are written from it.

variable "artifacts_bucket" {
  description = "Private S3 bucket in this region, for the template and the runner. Builds do not read it."
  type        = string
}

variable "stack_name" {
  description = "Name of the stack."
  type        = string
  default     = "pointsman-worker"
}

variable "tags" {
  description = "Tags of the stack and of everything in it."
  type        = map(string)
  default     = {}
}

locals {
  root   = "${path.module}/../.."
  runner = "pointsman/runner-${data.archive_file.runner.output_sha256}.zip"
  # The one local path in the template. CloudFormation reads the layer from S3.
  template = replace(
    file("${local.root}/regional/template.yaml"),
    "Content: ../runner\n",
    "Content: {S3Bucket: ${var.artifacts_bucket}, S3Key: ${local.runner}}\n",
  )
}

data "archive_file" "runner" {
  type        = "zip"
  source_dir  = "${local.root}/runner"
  output_path = "${path.root}/.terraform/pointsman-runner.zip"
  excludes    = ["**/__pycache__/**", ".gitignore"]
}

data "aws_s3_bucket" "artifacts" {
  bucket = var.artifacts_bucket
}

resource "aws_s3_object" "runner" {
  bucket      = var.artifacts_bucket
  key         = local.runner
  source      = data.archive_file.runner.output_path
  source_hash = data.archive_file.runner.output_sha256
}

# Larger than the 51,200 bytes that CloudFormation takes without S3.
resource "aws_s3_object" "template" {
  bucket  = var.artifacts_bucket
  key     = "pointsman/${sha256(local.template)}.template"
  content = local.template
}

resource "aws_cloudformation_stack" "worker" {
  name         = var.stack_name
  template_url = "https://${data.aws_s3_bucket.artifacts.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  parameters   = { for name, value in local.given : name => value if value != null }
  capabilities = ["CAPABILITY_NAMED_IAM"]
  tags         = var.tags

  depends_on = [aws_s3_object.runner]
}
