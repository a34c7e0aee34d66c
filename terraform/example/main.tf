# One account and region: two instances in a VPC of yours, ready for Pointsman.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "vpc_id" {
  description = "VPC of the instances."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the VPC."
  type        = list(string)
}

variable "route_table_ids" {
  description = "Route tables of these subnets."
  type        = list(string)
}

# Pending until somebody completes its handshake in the console (Developer Tools, Connections).
resource "aws_codestarconnections_connection" "github" {
  name          = "pointsman"
  provider_type = "GitHub"
}

module "pointsman" {
  source          = "../hosts"
  vpc_id          = var.vpc_id
  subnet_ids      = var.subnet_ids
  route_table_ids = var.route_table_ids
  connection_arn  = aws_codestarconnections_connection.github.arn
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_instance" "web" {
  for_each             = toset(["web-1", "web-2"])
  ami                  = data.aws_ssm_parameter.image.value
  instance_type        = "t4g.small"
  subnet_id            = var.subnet_ids[0]
  iam_instance_profile = module.pointsman.instance_profile_name
  user_data            = module.pointsman.user_data
  tags                 = merge(module.pointsman.instance_tags, { Name = each.key, role = "web", environment = "dev" })

  metadata_options {
    http_tokens = "required"
  }
}
