# What Pointsman needs in the account and region of your instances: a role for them, ways to AWS, a bucket, and SSM parameters with
# which `pointsman deploy` finds these.

data "aws_region" "current" {}

data "aws_partition" "current" {}

data "aws_vpc" "this" {
  id = var.vpc_id
}

# ------------------------------------------------------------------------------------------------ the instances' role
data "aws_iam_policy_document" "instances" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "instances" {
  name               = "${var.name}-${data.aws_region.current.name}"
  description        = "Lets Systems Manager reach instances. They need no permission for the bucket."
  assume_role_policy = data.aws_iam_policy_document.instances.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "instances" {
  role       = aws_iam_role.instances.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "instances" {
  name = aws_iam_role.instances.name
  role = aws_iam_role.instances.name
  tags = var.tags
}

# ------------------------------------------------------------------------------------------------------- ways to AWS
resource "aws_security_group" "endpoints" {
  count       = var.create_endpoints ? 1 : 0
  name        = "${var.name}-endpoints"
  description = "HTTPS from the VPC to the endpoints."
  vpc_id      = var.vpc_id
  tags        = var.tags

  ingress {
    description = "HTTPS from the VPC"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [data.aws_vpc.this.cidr_block]
  }
}

resource "aws_vpc_endpoint" "systems_manager" {
  for_each            = toset(var.create_endpoints ? ["ssm", "ssmmessages", "ec2messages"] : [])
  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${data.aws_region.current.name}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.subnet_ids
  security_group_ids  = aws_security_group.endpoints[*].id
  private_dns_enabled = true
  tags                = var.tags
}

resource "aws_vpc_endpoint" "s3" {
  count             = var.create_endpoints ? 1 : 0
  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${data.aws_region.current.name}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids
  tags              = var.tags
}

# Builds in the VPC go out to GitHub, PyPI and AWS, and nothing comes in.
resource "aws_security_group" "builds" {
  name        = "${var.name}-builds"
  description = "Builds of Pointsman: HTTPS to the outside."
  vpc_id      = var.vpc_id
  tags        = var.tags

  egress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# ---------------------------------------------------------------------------------------------------- files to hosts
# Not versioned, on purpose: old versions would keep secrets in plain text.
resource "aws_s3_bucket" "transfer" {
  bucket_prefix = "pointsman-transfer-"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "transfer" {
  bucket                  = aws_s3_bucket.transfer.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "transfer" {
  bucket = aws_s3_bucket.transfer.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "transfer" {
  bucket = aws_s3_bucket.transfer.id

  rule {
    id     = "leftovers"
    status = "Enabled"

    filter {}

    expiration {
      days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

# ----------------------------------------------------------------------------------------- what pointsman.toml reads
locals {
  parameters = {
    VpcId              = var.vpc_id
    SubnetIds          = join(",", var.subnet_ids)
    SecurityGroupIds   = aws_security_group.builds.id
    TransferBucketName = aws_s3_bucket.transfer.id
  }
}

resource "aws_ssm_parameter" "worker" {
  for_each    = local.parameters
  name        = "${var.ssm_prefix}/${each.key}"
  description = "Parameter ${each.key} of Pointsman's worker stack."
  type        = strcontains(each.value, ",") ? "StringList" : "String"
  value       = each.value
  tags        = var.tags
}

# SSM stores no empty value.
resource "aws_ssm_parameter" "connection" {
  count       = var.connection_arn == "" ? 0 : 1
  name        = "${var.ssm_prefix}/ConnectionArn"
  description = "Parameter ConnectionArn of Pointsman's worker stack."
  type        = "String"
  value       = var.connection_arn
  tags        = var.tags
}
